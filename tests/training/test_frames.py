from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from kuzov.cars.cut_out import read_cut_out
from kuzov.data.dataset import Photo
from kuzov.data.synthetic import render_cars
from kuzov.errors import KuzovError
from kuzov.training.frames import frames_on_disk

PX = 64


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Photo]:
    folder = render_cars(tmp_path_factory.mktemp("cars"), classes=2, train=3, validation=1)
    return [Photo(path, path.parent.name) for path in sorted(folder.rglob("?.jpg"))]


def test_frames_are_what_the_network_sees(photos: list[Photo], tmp_path: Path) -> None:
    rows = np.array([5, 0, 5])
    expected = np.stack([read_cut_out(photos[row].path, PX).pixels for row in rows])
    with frames_on_disk(photos, PX, tmp_path / "work") as frames:
        np.testing.assert_array_equal(frames[rows], expected)
        assert list((tmp_path / "work").iterdir()) == []  # a kill leaves nothing to remove


def test_many_photos_fill_the_disk_and_not_the_memory(photos: list[Photo], tmp_path: Path) -> None:
    many = photos * 100
    tracemalloc.start()
    with frames_on_disk(many, PX, tmp_path) as frames:
        frames[np.arange(8)]
        _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < len(many) * PX * PX * 3 / 2


def test_a_folder_that_can_not_be_written_is_told(photos: list[Photo], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KuzovError) as caught, frames_on_disk(photos, PX, tmp_path / "file"):
        pass
    assert str(caught.value) == (
        f"The frames of 8 photos can't be written to {tmp_path / 'file'}: File exists. "
        "Name another folder in the variable KUZOV_CACHE."
    )
