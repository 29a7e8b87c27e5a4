from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from kuzov.cars.cut_out import read_cut_out
from kuzov.config import TrainConfig
from kuzov.data.dataset import fingerprint, load_dataset
from kuzov.data.synthetic import render_cars
from kuzov.errors import DatasetError
from kuzov.model.backbones import Backbone
from kuzov.progress import silent
from kuzov.run_metrics import Photos, Rejected
from kuzov.training.learning_set import LearningSet, embed_dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return render_cars(tmp_path / "cars", classes=2, train=3, validation=2)


def read(folder: Path, tiny: Backbone, *, strict: bool = False) -> LearningSet:
    dataset = load_dataset(folder, validation_fraction=0.25, seed=0, strict=strict)
    return embed_dataset(dataset, tiny, TrainConfig(), folder.parent / "cache", progress=silent)


def test_rows_are_the_training_photos_then_the_others(folder: Path, tiny: Backbone) -> None:
    data = read(folder, tiny)
    assert [photo.path.relative_to(folder).parts[0] for photo in data.photos] == ["train"] * 6 + [
        "validation"
    ] * 4
    assert data.labels.tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 1, 1]
    assert [each.id for each in data.names] == ["sedan", "suv"]
    assert data.names[1].ru == "Внедорожник"
    assert data.features.shape == (10, 6, 48)
    assert data.labels[data.train].tolist() == [0, 0, 0, 1, 1, 1]
    assert data.labels[data.validation].tolist() == [0, 0, 1, 1]
    assert list((folder.parent / "cache" / "features").rglob("*.npy"))


def test_photos_are_divided_anew(folder: Path, tiny: Backbone) -> None:
    data = read(folder, tiny)
    known, others = np.array([2, 8]), np.array([0, 1, 9])
    divided = data.divided(known, others)
    assert divided.dataset.train == (data.photos[2], data.photos[8])
    assert divided.dataset.validation == (data.photos[0], data.photos[1], data.photos[9])
    assert divided.labels[divided.train].tolist() == [0, 1]
    assert divided.labels[divided.validation].tolist() == [0, 0, 1]
    assert divided.groups == [photo.group for photo in divided.photos]
    np.testing.assert_array_equal(divided.features, data.features[[2, 8, 0, 1, 9]])
    assert divided.describe().train == {"sedan": 1, "suv": 1}


def test_frames_are_what_the_recogniser_is_shown(folder: Path, tiny: Backbone) -> None:
    data = read(folder, tiny)
    frames = data.frames(data.validation, 32)
    expected = np.stack([read_cut_out(photo.path, 32).pixels for photo in data.dataset.validation])
    np.testing.assert_array_equal(frames, expected)


def test_copies_and_near_duplicates_have_one_name(folder: Path, tiny: Backbone) -> None:
    suvs = folder / "train" / "suv"
    shutil.copy(suvs / "1.jpg", suvs / "8.jpg")
    with Image.open(suvs / "1.jpg") as photo:
        ImageOps.mirror(photo).save(suvs / "9.jpg", quality=40)
    data = read(folder, tiny)
    assert len(data.groups) == 12
    assert len(set(data.groups)) == 10
    assert len({photo.digest for photo in data.photos}) == 11


def test_the_description_counts_and_names_what_was_left_out(folder: Path, tiny: Backbone) -> None:
    broken = folder / "train" / "suv" / "0.jpg"
    broken.write_bytes(b"\xff\xd8\xff no")
    data = read(folder, tiny)
    (broken_photo,) = map(Rejected.of, data.dataset.rejected)
    (loose_photos,) = map(Rejected.of, data.dataset.passed_over)
    assert broken_photo.reason == "is broken or cut short; replace it with a whole copy of the photo"
    assert loose_photos.photo == str(folder / "test")
    assert data.describe() == Photos(
        train={"sedan": 3, "suv": 3},
        validation={"sedan": 2, "suv": 2},
        rejected=(broken_photo,),
        passed_over=(loose_photos,),
        fingerprint=fingerprint(data.photos),
        folder=str(folder.resolve()),
    )
    with pytest.raises(DatasetError, match=r"^1 file in .* can't be used; mend or remove it: "):
        read(folder, tiny, strict=True)
