from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format
from PIL import Image
from tensorboard.plugins.projector import ProjectorConfig

from kuzov.cars.cut_out import read_cut_out
from kuzov.config import TrainConfig
from kuzov.data.dataset import load_dataset
from kuzov.data.synthetic import render_cars
from kuzov.errors import KuzovError
from kuzov.model.backbones import Backbone
from kuzov.model.head import directions
from kuzov.progress import silent
from kuzov.training import projector
from kuzov.training.learning_set import LearningSet, embed_dataset
from kuzov.training.projector import THUMBNAIL_PX, readable, unwritable, write_projector

ANSWERS = ["sedan", "suv", "suv", "suv"]


@pytest.fixture
def data(tiny: Backbone, tmp_path: Path) -> LearningSet:
    """Two classes, 3 photos each to learn from, 2 to judge by."""
    cars = render_cars(tmp_path / "cars", classes=2, train=3, validation=2)
    dataset = load_dataset(cars, validation_fraction=0.25, seed=0)
    return embed_dataset(dataset, tiny, TrainConfig(), tmp_path / "cache", progress=silent)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


def test_the_configuration_names_the_other_files(data: LearningSet, folder: Path) -> None:
    write_projector(folder, data, ANSWERS)
    config = text_format.Parse((folder / "projector_config.pbtxt").read_text(), ProjectorConfig())
    (embedding,) = config.embeddings
    assert list(embedding.tensor_shape) == [10, 48]
    assert list(embedding.sprite.single_image_dim) == [THUMBNAIL_PX, THUMBNAIL_PX]
    named = {embedding.tensor_path, embedding.metadata_path, embedding.sprite.image_path}
    assert {file.name for file in folder.iterdir()} == named | {"projector_config.pbtxt"}


def test_each_photo_has_its_features_labels_and_thumbnail(data: LearningSet, folder: Path) -> None:
    write_projector(folder, data, ANSWERS)
    features = np.loadtxt(folder / "features.tsv", delimiter="\t")
    np.testing.assert_allclose(features, directions(data.features[:, 0]), rtol=1e-4)
    header, *rows = [line.split("\t") for line in (folder / "metadata.tsv").read_text().splitlines()]
    assert header == ["class", "side", "answer", "photo"]
    assert len(rows) == 10
    assert rows[0] == ["sedan", "train", "", "train/sedan/1.jpg"]
    assert rows[7] == ["sedan", "validation", "suv", "validation/sedan/2.jpg"]
    with Image.open(folder / "sprite.png") as sprite:
        assert sprite.size == (4 * THUMBNAIL_PX, 4 * THUMBNAIL_PX)  # square, though three rows would do
        for number, photo in enumerate(data.photos):
            row, column = divmod(number, 4)
            corner = (column * THUMBNAIL_PX, row * THUMBNAIL_PX)
            thumbnail = sprite.crop((*corner, corner[0] + THUMBNAIL_PX, corner[1] + THUMBNAIL_PX))
            np.testing.assert_array_equal(
                np.asarray(thumbnail), read_cut_out(photo.path, THUMBNAIL_PX).pixels
            )


def test_of_many_photos_every_so_manieth_is_taken(
    data: LearningSet, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "MOST_POINTS", 4)
    write_projector(folder, data, ANSWERS)
    names = [line.split("\t")[3] for line in (folder / "metadata.tsv").read_text().splitlines()[1:]]
    assert names == [str(data.photos[row].path.relative_to(data.dataset.root)) for row in (0, 3, 6, 9)]
    assert len((folder / "features.tsv").read_text().splitlines()) == 4


def test_names_become_lines_of_unicode() -> None:
    assert readable("a\tb\nc\udcff.jpg") == "a b c?.jpg"


def test_a_folder_that_cannot_be_written(data: LearningSet, folder: Path) -> None:
    (folder / "metadata.tsv").mkdir()
    with pytest.raises(KuzovError) as error:
        write_projector(folder, data, ANSWERS)
    assert str(error.value) == str(unwritable(folder, IsADirectoryError(21, "Is a directory")))
    assert str(error.value) == (
        f"TensorBoard's logs can't be written to {folder}: Is a directory. Name another folder."
    )
    assert not list(folder.glob(".*"))
