from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import kuzov
import kuzov.api
import kuzov.data.dataset as dataset_module
import kuzov.images.decode
import kuzov.training.features as features_module
from kuzov.cars import cut_out
from kuzov.config import TrainConfig
from kuzov.data.dataset import Photo, load_dataset
from kuzov.data.synthetic import render_cars
from kuzov.errors import DatasetError, PhotoError
from kuzov.model.backbones import find_backbone
from kuzov.progress import silent
from kuzov.training.features import Embedder, FeatureCache, embed_photos
from kuzov.training.kept_photos import KEPT_PHOTOS, KeptPhotos

BACKBONE = find_backbone(TrainConfig().backbone)
PX = 16
FRAME = np.zeros((PX, PX, 3), np.uint8)


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    yield
    KEPT_PHOTOS.clear()


def test_a_photo_is_kept_until_its_cut_out_takes_its_place() -> None:
    kept, image, photo = KeptPhotos(), Image.new("RGB", (30, 20)), Photo(Path("none.jpg"), "suv", "a")
    kept.keep("a", PX, image)
    assert kept.decoded("a", PX) is image
    assert kept.decoded("a", 2 * PX) is kept.decoded("b", PX) is None
    kept.keep("a", PX, FRAME)
    assert kept.decoded("a", PX) is None
    assert kept.cut_out(photo, PX) is FRAME


def test_what_has_no_room_is_not_kept_and_what_goes_makes_room() -> None:
    kept, image = KeptPhotos(room_bytes=2 * 1800 + 800), Image.new("RGB", (30, 20))
    for digest in "abc":
        kept.keep(digest, PX, image)
    assert [kept.decoded(digest, PX) for digest in "abc"] == [image, image, None]
    kept.keep("a", PX, FRAME)
    kept.keep("c", PX, image)
    assert [kept.decoded(digest, PX) for digest in "abc"] == [None, image, image]
    kept.clear()
    kept.keep("d", PX, Image.new("RGB", (30, 40)))
    assert kept.decoded("d", PX) is not None
    assert kept.decoded("b", PX) is None


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The photos that were decoded, as often as each was."""
    found: list[Path] = []

    def decode(source: Any, **options: Any) -> Image.Image:
        found.append(Path(options.get("name") or source))
        return kuzov.images.decode.decode(source, **options)

    for module in (cut_out, dataset_module, features_module):
        monkeypatch.setattr(module, "decode", decode)
    return found


def test_each_photo_is_decoded_once_and_a_known_one_never(decoded: list[Path], tmp_path: Path) -> None:
    folder = render_cars(tmp_path / "photos", classes=2, train=3, validation=1)
    cache, config = FeatureCache(tmp_path / "cache"), TrainConfig()
    look = Embedder(BACKBONE, config, cache).look
    dataset = load_dataset(folder, validation_fraction=0.25, seed=0, look=look)
    photos = dataset.train + dataset.validation
    assert sorted(decoded) == sorted(photo.path for photo in photos)
    first = embed_photos(photos, BACKBONE, config, cache, silent)
    frames = [KEPT_PHOTOS.cut_out(photo, BACKBONE.image_px) for photo in photos]
    assert len(decoded) == len(photos) == 8
    again = load_dataset(folder, validation_fraction=0.25, seed=0, look=look)
    assert (again.train, again.validation) == (dataset.train, dataset.validation)
    np.testing.assert_array_equal(embed_photos(photos, BACKBONE, config, cache, silent), first)
    assert len(decoded) == 8
    KEPT_PHOTOS.clear()
    for photo, frame in zip(photos, frames, strict=True):
        np.testing.assert_array_equal(KEPT_PHOTOS.cut_out(photo, BACKBONE.image_px), frame)


def test_a_training_that_fails_and_a_diagnosis_keep_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[str] = []
    keep = KeptPhotos.keep

    def remember(photos: KeptPhotos, digest: str, *more: Any) -> None:
        kept.append(digest)
        keep(photos, digest, *more)

    monkeypatch.setenv("KUZOV_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(KeptPhotos, "keep", remember)
    folder = render_cars(tmp_path / "photos", classes=2, train=3, validation=1)
    with pytest.raises(DatasetError, match=r"^With 4 photos of each class"):
        kuzov.train(folder, tmp_path / "models", shots=4, runs=tmp_path / "runs")
    kuzov.api.diagnose(folder)
    assert len(set(kept)) == 8
    for digest in kept:
        assert KEPT_PHOTOS.decoded(digest, BACKBONE.image_px) is None
        with pytest.raises(PhotoError):
            KEPT_PHOTOS.cut_out(Photo(tmp_path / "gone.jpg", "suv", digest), BACKBONE.image_px)


def test_a_photo_that_can_not_be_read_is_left_out_as_ever(tmp_path: Path) -> None:
    folder = render_cars(tmp_path / "photos", classes=2, train=3, validation=1)
    broken = folder / "train" / "sedan" / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff nothing")
    look = Embedder(BACKBONE, TrainConfig(), FeatureCache(tmp_path / "cache")).look
    dataset = load_dataset(folder, validation_fraction=0.25, seed=0, look=look)
    assert [error.photo for error in dataset.rejected] == [str(broken)]
