from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from kuzov.doctor import quarantine as module
from kuzov.doctor.findings import Kind, Move
from kuzov.doctor.quarantine import Restored, quarantine, quarantine_of, restore
from kuzov.errors import KuzovError
from tests.errors import raises
from tests.folders import contents


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    for name in ("suv/1.jpg", "suv/2.jpg", "van/3.jpg"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def moves(*names: str) -> list[Move]:
    return [Move(photo=name, kind=Kind.UNREADABLE) for name in names]


def test_there_and_back(photos: Path) -> None:
    before = contents(photos)
    folder = quarantine(
        photos, [*moves("suv/1.jpg"), Move(photo="van/3.jpg", kind=Kind.LEAK, kept="suv/2.jpg")]
    )
    assert folder.parent == photos.with_name("photos.quarantine")
    assert contents(photos) == {"suv/2.jpg": b"suv/2.jpg"}
    assert contents(folder / "photos") == {"suv/1.jpg": b"suv/1.jpg", "van/3.jpg": b"van/3.jpg"}
    assert json.loads((folder / "manifest.json").read_text()) == {
        "photos": str(photos),
        "moves": [
            {"photo": "suv/1.jpg", "kind": "unreadable", "kept": ""},
            {"photo": "van/3.jpg", "kind": "leak", "kept": "suv/2.jpg"},
        ],
    }
    assert restore(photos) == Restored(quarantine=folder, photos=("suv/1.jpg", "van/3.jpg"), left=())
    assert contents(photos) == before
    assert not quarantine_of(photos).exists()


def test_the_newest_comes_back_first(photos: Path) -> None:
    older, newer = quarantine(photos, moves("suv/1.jpg")), quarantine(photos, moves("suv/2.jpg"))
    assert restore(photos).quarantine == newer
    assert (photos / "suv" / "2.jpg").exists()
    assert restore(photos).quarantine == older
    assert (photos / "suv" / "1.jpg").exists()


def test_many_in_one_second_keep_their_order(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "strftime", lambda *_: "20300131T120000Z")
    made = [quarantine(photos, []).name for _ in range(11)]
    assert made == sorted(made)
    assert len(set(made)) == 11


def test_a_kill_in_the_middle_can_be_undone(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, move = contents(photos), module._move
    moved: list[Path] = []

    def killed_at_the_second(source: Path, target: Path) -> None:
        if moved:
            raise KeyboardInterrupt
        moved.append(source)
        move(source, target)

    monkeypatch.setattr(module, "_move", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        quarantine(photos, moves("suv/1.jpg", "suv/2.jpg"))
    assert sorted(contents(photos)) == ["suv/2.jpg", "van/3.jpg"]
    monkeypatch.undo()
    assert restore(photos).photos == ("suv/1.jpg",)
    assert contents(photos) == before


def test_nothing_is_overwritten_and_what_was_put_into_the_quarantine_stays(photos: Path) -> None:
    folder = quarantine(photos, moves("suv/1.jpg", "suv/2.jpg"))
    (photos / "suv" / "1.jpg").write_text("a new one")
    assert restore(photos) == Restored(quarantine=folder, photos=("suv/2.jpg",), left=("suv/1.jpg",))
    assert (photos / "suv" / "1.jpg").read_text() == "a new one"
    assert contents(folder / "photos") == {"suv/1.jpg": b"suv/1.jpg"}
    (photos / "suv" / "1.jpg").rename(photos / "suv" / "4.jpg")
    (folder / "photos" / "suv" / "mine.jpg").write_text("mine")
    assert restore(photos).photos == ("suv/1.jpg",)
    assert contents(folder / "photos") == {"suv/mine.jpg": b"mine"}


def test_there_is_none(photos: Path) -> None:
    above = photos.with_name("photos.quarantine")
    with raises(KuzovError, f"There is no quarantine of {photos} to put back: {above} has none."):
        restore(photos)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("{", "The manifest {file} can't be read; mend it, or move the files by hand."),
        (
            '{"moves": [{"photo": "../secret.jpg"}]}',
            '{file}: moves[0].photo is "../secret.jpg"; it must be a path inside of the folder of photos.',
        ),
    ],
)
def test_a_manifest_that_is_broken_or_leads_outside(photos: Path, content: str, text: str) -> None:
    manifest = quarantine(photos, moves("suv/1.jpg")) / "manifest.json"
    manifest.write_text(content)
    with raises(KuzovError, text.format(file=manifest)):
        restore(photos)


def test_a_file_in_the_quarantine_s_place(photos: Path) -> None:
    place = photos.with_name("photos.quarantine")
    place.touch()
    with raises(KuzovError, f"The quarantine {place} can't be written: File exists. Nothing was moved."):
        quarantine(photos, moves("suv/1.jpg"))


def test_a_file_that_is_gone(photos: Path) -> None:
    with pytest.raises(KuzovError) as error:
        quarantine(photos, moves("suv/1.jpg", "suv/9.jpg"))
    (folder,) = photos.with_name("photos.quarantine").iterdir()
    assert str(error.value) == (
        f"{photos}/suv/9.jpg can't be moved to {folder}: No such file or directory. "
        f"What was moved before is put back by: kuzov doctor {photos} --undo"
    )
    assert restore(photos).photos == ("suv/1.jpg",)
