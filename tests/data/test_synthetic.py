from pathlib import Path

import pytest
from PIL import Image

from kuzov.data.dataset import load_dataset
from kuzov.data.names import load_names
from kuzov.data.synthetic import BODIES, render_cars
from kuzov.records import ClassName
from tests.folders import contents


def test_the_set_can_be_learned_from(tmp_path: Path) -> None:
    folder = render_cars(tmp_path / "cars", classes=5, train=2, validation=1)
    dataset = load_dataset(folder, validation_fraction=0.25, seed=0, strict=True)
    assert dataset.classes == ("hatchback", "minivan", "pickup", "sedan", "suv")
    assert (len(dataset.train), len(dataset.validation)) == (10, 5)
    assert load_names(folder, dataset.classes)[3:] == (
        ClassName(id="sedan", en="Sedan", ru="Седан"),
        ClassName(id="suv", en="SUV", ru="Внедорожник"),
    )
    assert sorted(file.name for file in (folder / "test").iterdir()) == [
        "hatchback.jpg", "minivan.jpg", "pickup.jpg", "sedan.jpg", "suv.jpg"
    ]  # fmt: skip


def test_the_seed_tells_the_pictures(tmp_path: Path) -> None:
    sets = [
        contents(render_cars(tmp_path / name, train=2, validation=1, seed=seed))
        for name, seed in (("one", 1), ("two", 1), ("three", 2))
    ]
    assert len(sets[0]) == 3 * (2 + 1 + 1) + 1
    assert sets[0] == sets[1]
    assert set(sets[0].items()) & set(sets[2].items()) == {("classes.toml", sets[0]["classes.toml"])}


def test_all_pictures_differ_and_do_not_depend_on_their_number(tmp_path: Path) -> None:
    few = contents(render_cars(tmp_path / "few", classes=2, train=2, validation=1))
    many = contents(render_cars(tmp_path / "many", classes=3, train=4, validation=2))
    assert len(set(many.values())) == len(many)
    assert all(many[path] == content for path, content in few.items() if path != "classes.toml")


@pytest.mark.parametrize("size", [(320, 220), (200, 300), (64, 48)])
def test_pictures_have_the_size_and_show_something(tmp_path: Path, size: tuple[int, int]) -> None:
    folder = render_cars(tmp_path, classes=2, train=1, validation=1, size=size)
    for file in folder.rglob("*.jpg"):
        with Image.open(file) as picture:
            assert (picture.size, picture.mode) == (size, "RGB")
            colours = picture.getcolors(maxcolors=size[0] * size[1])
        assert colours is not None
        assert len(colours) > 20


@pytest.mark.parametrize("classes", [1, 6])
def test_another_number_of_kinds_is_refused(tmp_path: Path, classes: int) -> None:
    with pytest.raises(ValueError, match=rf"^classes is {classes}; it must be 2\.\.5$"):
        render_cars(tmp_path, classes=classes)


def test_bodies_are_drawn_within_their_length() -> None:
    assert len({body.id for body in BODIES}) == len(BODIES)
    for body in BODIES:
        for x, y in (*body.outline, *(point for window in body.windows for point in window)):
            assert 0 <= x <= 1
            assert 0 <= y <= 0.45
