from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kuzov.report import album, thumbnails
from kuzov.report.album import make_album
from kuzov.run_metrics import RunMetrics

Read = Callable[[object], RunMetrics]


def test_photos_that_are_not_there_have_no_pictures(
    metrics: dict[str, Any], read: Read, tmp_path: Path
) -> None:
    assert make_album(read(metrics)).thumbnails == {}
    metrics["data"]["folder"] = str(tmp_path / "gone")
    assert make_album(read(metrics)).thumbnails == {}


def test_every_photo_of_a_small_run_has_a_picture(
    metrics: dict[str, Any], read: Read, photo_folder: Path
) -> None:
    found = make_album(read(metrics))
    assert set(found.thumbnails) == {each["photo"] for each in metrics["photos"]}
    assert {cell: len(photos) for cell, photos in found.cells.items()} == {
        ("qashqai", "vaz_2110"): 1,
        ("bmw_x5", "bmw_x5"): 3,
        ("qashqai", "qashqai"): 2,
        ("vaz_2110", "vaz_2110"): 3,
    }


def test_a_photo_that_vanished_is_passed_over(
    metrics: dict[str, Any], read: Read, photo_folder: Path
) -> None:
    (photo_folder / metrics["photos"][0]["photo"]).unlink()
    assert len(make_album(read(metrics)).thumbnails) == 8


def test_mistakes_get_the_room_that_there_is(
    metrics: dict[str, Any], read: Read, photo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = len(make_album(read(metrics)).thumbnails[metrics["photos"][4]["photo"]])
    monkeypatch.setattr(thumbnails, "PICTURE_BYTES", one)
    assert list(make_album(read(metrics)).thumbnails) == [metrics["photos"][4]["photo"]]


def test_cells_take_turns(
    metrics: dict[str, Any], read: Read, photo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(album, "MOST_MISTAKES", 0)
    monkeypatch.setattr(album, "MOST_LEAST_CERTAIN", 0)
    monkeypatch.setattr(album, "MOST_IN_A_CELL", 1)
    labels = [Path(name).parent.name for name in make_album(read(metrics)).thumbnails]
    assert labels == ["qashqai", "bmw_x5", "qashqai", "vaz_2110"]  # the mistake first
