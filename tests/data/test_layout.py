from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.data.files import LOOSE
from kuzov.data.layout import UNDIVIDED, read_layout
from kuzov.words import Words

FILES = ("train/kia/1.jpg", "train/2.jpg", "val/kia/3.jpg", "4.jpg", "notes.txt", "photos/5.jpg")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return tmp_path


def test_photos_in_no_class_folder_are_told_of_all_sides(folder: Path) -> None:
    layout = read_layout(folder)
    assert layout.loose == (folder / "train/2.jpg", folder / "4.jpg")
    assert [Path(error.photo) for error in layout.rejected] == [*layout.loose]


def test_a_reason_that_reads_the_same_makes_no_loose_photo(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kuzov.data.layout.NOT_A_PHOTO", Words(LOOSE.en, "не фотография"))
    told = {error.photo for error in read_layout(folder).rejected}
    assert str(folder / "4.jpg") in told
    assert str(folder / "notes.txt") not in told


def test_a_class_may_hold_a_metrics_file_of_another_program(tmp_path: Path) -> None:
    for name in ("kia/1.jpg", "kia/metrics.json", "1796000000/metrics.json", "1796000000/report.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [*read_layout(tmp_path).sides[UNDIVIDED].classes] == ["kia"]
