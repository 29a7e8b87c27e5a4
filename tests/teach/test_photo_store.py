from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kuzov.data.dataset import load_dataset
from kuzov.images.reasons import TIFF, UNSUPPORTED
from kuzov.records import ClassName
from kuzov.teach.photo_store import NONE, PhotoStore
from kuzov.teach.refusal import RefusedError
from tests.errors import raises
from tests.folders import contents
from tests.teach.conftest import a_photo, named

NIVA = ClassName(id="niva", en="Lada Niva", ru="Лада Нива")


def put(store: PhotoStore, place: str, content: bytes) -> None:
    file = store.folder / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def refused(
    store: PhotoStore, label: str = "niva", content: bytes = a_photo(), **options: bool
) -> RefusedError:
    """Why a photo is not added."""
    with pytest.raises(RefusedError) as found:
        store.add(content, named(label), **{"may_move": True, **options})
    return found.value


def test_a_class_appears_with_its_first_photo_which_is_there_once(
    store: PhotoStore, on_disk: dict[Path, bytes | set[str]]
) -> None:
    placed = store.add(a_photo(), NIVA, may_move=True)
    assert (placed.outcome, placed.photo.label) == ("added", "niva")
    assert sorted(contents(store.folder)) == ["classes.toml", f"niva/{placed.photo.path.name}"]
    assert placed.photo.path.read_bytes() == a_photo()
    assert on_disk[placed.photo.path.parent] == {placed.photo.path.name}
    assert (store.names(), store.counts()) == ((NIVA,), {"niva": 1})
    again = store.add(a_photo(), NIVA, may_move=True)
    assert (again.outcome, again.photo) == ("there already", placed.photo)


def test_what_is_added_is_what_training_reads(store: PhotoStore) -> None:
    for label, colours in {"niva": ["red", "green"], "x5": ["blue", "white"]}.items():
        for colour in colours:
            store.add(a_photo(colour), named(label), may_move=True)
    dataset = load_dataset(store.folder, validation_fraction=0.25, seed=0)
    assert (dataset.classes, len(dataset.train + dataset.validation)) == (("niva", "x5"), 4)
    store.check_trainable()


def test_a_photo_in_the_wrong_class_is_moved_once_no_training_reads(store: PhotoStore) -> None:
    put(store, "x5/mine.jpg", a_photo())
    text = str(refused(store, may_move=False))
    assert text == "This photo lies in x5; it can be moved once the training is over."
    assert sorted(contents(store.folder)) == ["x5/mine.jpg"]
    placed = store.add(a_photo(), NIVA, may_move=True)
    assert (placed.outcome, placed.former) == ("moved", "x5")
    assert sorted(contents(store.folder)) == ["classes.toml", "niva/mine.jpg"]
    assert store.counts() == {"niva": 1}


def test_a_file_of_the_same_name_is_not_overwritten(store: PhotoStore) -> None:
    put(store, "x5/mine.jpg", a_photo())
    put(store, "niva/mine.jpg", a_photo("blue"))
    store.add(a_photo(), NIVA, may_move=True)
    assert sorted(contents(store.folder)) == ["niva/mine-2.jpg", "niva/mine.jpg"]


def test_a_divided_folder_stays_divided(store: PhotoStore) -> None:
    (store.folder / "train").mkdir(parents=True)
    (store.folder / "validation" / "x5").mkdir(parents=True)
    for number in range(8):
        store.add(a_photo(f"rgb({20 * number}, 0, 0)"), named("x5"), may_move=True)
    sides = [each.split("/")[0] for each in sorted(contents(store.folder))]
    assert (sides.count("train"), sides.count("validation")) == (6, 2)


@pytest.mark.parametrize(
    ("content", "status", "text"),
    [
        (b"", 415, "The photo is empty; replace it with a whole copy of the photo."),
        (
            b"print('no')",
            415,
            f"The photo {UNSUPPORTED}.",
        ),
        (a_photo("red", "TIFF"), 415, f"The photo {TIFF}."),
        (
            a_photo()[:200],
            400,
            "The photo is broken or cut short; replace it with a whole copy of the photo.",
        ),
    ],
)
def test_what_is_no_photo_is_refused(store: PhotoStore, content: bytes, status: int, text: str) -> None:
    found = refused(store, content=content)
    assert (found.status, str(found)) == (status, text)
    assert not store.folder.exists()


def test_an_enormous_photo_is_refused(tmp_path: Path) -> None:
    store = PhotoStore(tmp_path / "photos", max_pixels=1000)
    found = refused(store)
    assert (found.status, str(found)) == (413, "The photo claims more than 1,000 pixels; make it smaller.")


@pytest.mark.parametrize("label", ["../niva", "a/b", "a\\b", ".niva", "validation", "Train", "CLASSES.toml"])
def test_a_name_that_can_be_no_folder(store: PhotoStore, label: str) -> None:
    text = str(refused(store, label))
    assert text == f"A car's folder can't be called {label}; give it another name."


@pytest.mark.parametrize("label", ["", "  ", "a\nb", "a\0b", "я" * 51])
def test_a_name_that_can_not_be_shown(store: PhotoStore, label: str) -> None:
    found = refused(store, label)
    assert (found.reason, found.status) == ("class_name", 400)
    assert not store.folder.exists()


def test_a_class_that_differs_in_case_only(store: PhotoStore) -> None:
    store.add(a_photo(), named("niva"), may_move=True)
    text = str(refused(store, "Niva", a_photo("blue")))
    assert text == "Niva differs from niva in capital letters only; use niva, or another name."


def test_a_full_disk_leaves_nothing_behind(store: PhotoStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    store.folder.mkdir()
    monkeypatch.setattr(os, "fsync", full)
    assert refused(store).status == 507
    assert not list(store.folder.iterdir())


EDITS = {
    "add": lambda store: store.add(a_photo("blue"), NIVA, may_move=True),
    "move": lambda store: store.add(a_photo(), NIVA, may_move=True),
    "take out": lambda store: store.take_out("x5", "mine.jpg"),
}


def broken(store: PhotoStore, monkeypatch: pytest.MonkeyPatch) -> None:
    (store.folder / "classes.toml").write_text("[x5", encoding="utf-8")


def unchangeable(store: PhotoStore, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = Path.replace

    def busy(source: Path, target: Path) -> Path:
        if target.name == "classes.toml":
            raise OSError(errno.EBUSY, "Device or resource busy")
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", busy)


def in_the_way(store: PhotoStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("niva", ".removed"):
        (store.folder / folder).write_bytes(b"")


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize(
    ("spoil", "reason"), [(broken, "names_file"), (unchangeable, "disk"), (in_the_way, "disk")]
)
def test_an_edit_that_is_refused_has_changed_nothing(
    store: PhotoStore,
    monkeypatch: pytest.MonkeyPatch,
    edit: Callable[[PhotoStore], object],
    spoil: Callable[[PhotoStore, pytest.MonkeyPatch], None],
    reason: str,
) -> None:
    put(store, "x5/mine.jpg", a_photo())
    (store.folder / "classes.toml").write_text('\n["x5"]\nen = "BMW X5"\nru = "БМВ X5"\n', encoding="utf-8")
    spoil(store, monkeypatch)
    before = contents(store.folder)
    with pytest.raises(RefusedError) as refused:
        edit(store)
    assert refused.value.reason == reason
    assert contents(store.folder) == before
    assert store.counts() == {"x5": 1}


def test_what_is_taken_out_can_be_put_back_by_hand(store: PhotoStore) -> None:
    first = store.add(a_photo(), NIVA, may_move=True).photo
    second = store.add(a_photo("blue"), NIVA, may_move=True).photo
    moved = store.take_out("niva", first.path.name)
    assert moved == store.folder / ".removed" / "niva" / first.path.name
    assert moved.read_bytes() == a_photo()
    assert (store.counts(), store.names()) == ({"niva": 1}, (NIVA,))
    store.take_out("niva", second.path.name)
    assert store.counts() == {}
    assert "niva" not in (store.folder / "classes.toml").read_text(encoding="utf-8")


def test_the_last_photo_stays_while_the_users_own_names_need_it(store: PhotoStore) -> None:
    put(store, "x5/mine.jpg", a_photo())
    (store.folder / "classes.toml").write_text('[x5]\nen = "X5"\n', encoding="utf-8")
    with pytest.raises(RefusedError, match="has names for x5, so its last photo stays"):
        store.take_out("x5", "mine.jpg")
    assert store.counts() == {"x5": 1}


def test_a_photo_that_is_not_there(store: PhotoStore) -> None:
    put(store, "x5/mine.jpg", a_photo())
    with raises(RefusedError, "There is no photo ../x5/mine.jpg of x5 any more."):
        store.take_out("x5", "../x5/mine.jpg")


def test_too_little_to_train_on(store: PhotoStore) -> None:
    put(store, "x5/1.jpg", a_photo())
    with pytest.raises(
        RefusedError, match=r"has photos of too few cars \(1\); a recogniser needs two or more\."
    ):
        store.check_trainable()
    put(store, "niva/1.jpg", a_photo("blue"))
    put(store, "niva/2.jpg", a_photo("green"))
    with raises(RefusedError, "Each car needs two or more photos; too few have: x5 (1)."):
        store.check_trainable()


def test_wrong_names_are_left_to_the_training_to_tell(store: PhotoStore) -> None:
    put(store, "x5/1.jpg", a_photo())
    (store.folder / "classes.toml").write_text("[x5", encoding="utf-8")
    assert store.names() == (named("x5"),)


def test_a_photo_of_none_of_the_cars_is_kept_apart_and_may_be_corrected(store: PhotoStore) -> None:
    put(store, "x5/1.jpg", a_photo())
    none = named(NONE)
    moved = store.add(a_photo(), none, may_move=True)
    assert (moved.outcome, moved.former) == ("moved", "x5")
    added = store.add(a_photo("blue"), none, may_move=True)
    assert (added.outcome, store.counts()) == ("added", {})
    assert [each.path.parent.name for each in store.strangers()] == [NONE, NONE]
    assert store.add(a_photo("blue"), none, may_move=True).outcome == "there already"
    back = store.add(a_photo("blue"), named("niva"), may_move=True)
    assert (back.outcome, back.former, store.counts()) == ("moved", NONE, {"niva": 1})
    store.take_out(NONE, store.strangers()[0].path.name)
    assert not (store.folder / NONE).exists()


def test_each_class_has_a_photo_on_either_side_before_a_training(store: PhotoStore) -> None:
    for place in ("train/x5/1.jpg", "train/x5/2.jpg", "validation/niva/3.jpg", "validation/niva/4.jpg"):
        put(store, place, a_photo())
    put(store, "train/solaris/5.jpg", a_photo())
    store.fill_sides()
    found = sorted(each.relative_to(store.folder).as_posix() for each in store.folder.rglob("*.jpg"))
    learned = ["train/niva/4.jpg", "train/solaris/5.jpg", "train/x5/1.jpg"]
    assert found == [*learned, "validation/niva/3.jpg", "validation/x5/2.jpg"]


def test_sides_that_can_not_all_be_filled_stay_as_they_were(
    store: PhotoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("train/x5/1.jpg", "train/x5/2.jpg", "validation/niva/3.jpg", "validation/niva/4.jpg"):
        put(store, place, a_photo())
    (store.folder / "validation" / "x5").write_bytes(b"")
    before = contents(store.folder)
    with pytest.raises(RefusedError, match=r"can't be written: File exists\. Nothing was changed\."):
        store.fill_sides()
    assert contents(store.folder) == before
    assert not (store.folder / "train" / "niva").exists()
