from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kuzov.bundle.card import Card, read_card
from kuzov.cars.cut_out import read_cut_out
from kuzov.data import framed as module
from kuzov.data.framed import frame_photos
from kuzov.errors import DatasetError
from tests.errors import raises

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult


@pytest.fixture(scope="module")
def card(trained: TrainResult) -> Card:
    return read_card(trained.bundle)


@pytest.fixture
def photos(synthetic_photos: Path, tmp_path: Path) -> Path:
    return shutil.copytree(synthetic_photos, tmp_path / "photos")


def silent(*_: object) -> None:
    """Shows nothing."""


def test_both_sides_are_framed_as_for_training(card: Card, photos: Path) -> None:
    told: list[tuple[str, int, int]] = []
    found = frame_photos(photos, card, lambda *each: told.append(each))
    assert (found.learned.shape, found.judged.shape) == ((24, 192, 192, 3), (9, 192, 192, 3))
    assert found.columns.tolist() == [0] * 3 + [1] * 3 + [2] * 3
    first = min((photos / "train" / "hatchback").iterdir())
    np.testing.assert_array_equal(found.learned[0], read_cut_out(first, 192).pixels)
    assert told == [("read", row, 33) for row in range(34)]
    assert found.fingerprint == card.data["fingerprint"]


def test_another_photo_is_another_fingerprint(card: Card, photos: Path) -> None:
    next((photos / "validation" / "suv").iterdir()).unlink()
    found = frame_photos(photos, card, silent)
    assert len(found.judged) == 8
    assert found.fingerprint != card.data["fingerprint"]


def test_of_many_photos_some_of_every_class_are_taken(
    card: Card, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_JUDGED", 3)
    assert frame_photos(photos, card, silent).columns.tolist() == [0, 1, 2]


def test_photos_of_other_classes_are_refused(card: Card, photos: Path) -> None:
    for side in ("train", "validation"):
        (photos / side / "suv").rename(photos / side / "van")
    text = (
        f"The photos in {photos} are of hatchback, sedan, van, but the bundle knows hatchback, sedan, suv; "
        "give the photos that it was trained on."
    )
    with raises(DatasetError, text):
        frame_photos(photos, card, silent)
