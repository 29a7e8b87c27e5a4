from __future__ import annotations

from pathlib import Path

from kuzov.data.dataset import Dataset, Photo
from kuzov.data.sides import without_leaks
from kuzov.errors import DatasetError
from kuzov.words import Words
from tests.errors import raises


def side(words: str) -> tuple[Photo, ...]:
    """Photos such as "niva/1=a": the class, the name, and the picture that they show."""
    found = []
    for word in words.split():
        place, group = word.split("=")
        found.append(Photo(Path(place), place.split("/")[0], group=group))
    return tuple(found)


def divided(train: str, validation: str) -> Dataset:
    return Dataset(
        root=Path(), classes=("bmw", "niva"), train=side(train), validation=side(validation), rejected=()
    )


def names(photos: tuple[Photo, ...]) -> list[str]:
    return [str(photo.path) for photo in photos]


def test_what_does_not_leak_stays_as_it_is() -> None:
    given = divided("bmw/1=a niva/1=b", "bmw/2=c niva/2=d")
    assert without_leaks(given, validation_fraction=0.2, seed=0) is given


def test_near_copies_go_to_where_photos_are_learned_from() -> None:
    given = divided("bmw/1=a niva/1=b", "bmw/2=a bmw/3=c niva/2=d")
    mended = without_leaks(given, validation_fraction=0.2, seed=0)
    assert names(mended.train) == ["bmw/1", "bmw/2", "niva/1"]
    assert names(mended.validation) == ["bmw/3", "niva/2"]
    assert mended.leaks == ()


def test_a_class_that_has_nothing_left_to_be_judged_by_is_divided_anew() -> None:
    given = divided("bmw/1=a bmw/2=b bmw/3=c niva/1=d", "bmw/4=a bmw/5=b niva/2=e")
    mended = without_leaks(given, validation_fraction=0.2, seed=0)
    assert names(mended.validation)[-1] == "niva/2"
    assert {photo.label for photo in mended.validation} == {"bmw", "niva"}
    assert mended.leaks == ()
    assert len(mended.train) + len(mended.validation) == 7


def test_a_class_of_one_picture_is_refused() -> None:
    text = Words(
        "All photos of a class show the same picture: bmw. Add others of each.",
        "Все фотографии класса — одна и та же картинка: bmw. Добавьте другие.",
    )
    given = divided("bmw/1=a bmw/2=a niva/1=b", "bmw/3=a niva/2=c")
    with raises(DatasetError, text) as caught:
        without_leaks(given, validation_fraction=0.2, seed=0)
    assert (caught.value.kind, caught.value.classes) == ("few_different", ("bmw",))
