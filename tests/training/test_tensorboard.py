from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from kuzov.config import FineTuneConfig, TrainConfig
from kuzov.data.dataset import load_dataset
from kuzov.data.synthetic import render_cars
from kuzov.errors import KuzovError
from kuzov.model.backbones import Backbone
from kuzov.model.head import Head
from kuzov.progress import silent
from kuzov.training import tensorboard
from kuzov.training.assignment import Assignment
from kuzov.training.candidate import Candidate, first_stage
from kuzov.training.learning_set import LearningSet, embed_dataset
from kuzov.training.pipeline import TrainResult, run_training
from kuzov.training.tensorboard import log_photos

CONFIG = TrainConfig(backbone="tiny", fine_tune=FineTuneConfig(layers=4, epochs=2, batch_size=4))


def read(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder)).Reload()


def scalars(folder: Path, tag: str) -> list[tuple[int, Any]]:
    return [(each.step, float(make_ndarray(each.tensor_proto))) for each in read(folder).Tensors(tag)]


def tags(folder: Path, plugin: str) -> list[str]:
    return sorted(read(folder).PluginTagToContent(plugin))


@pytest.fixture(scope="module")
def cars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_cars(tmp_path_factory.mktemp("cars"), classes=2, train=5, validation=2)


@pytest.fixture(scope="module")
def logged(tiny: Backbone, cars: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainResult, Path]:
    """A run of both stages, and its logs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kuzov.model.backbones.BACKBONES", {"tiny": tiny})
        # The same photos are fine-tuned elsewhere at the same time, and would be so in the same folder.
        patch.setenv("KUZOV_CACHE", str(tmp_path_factory.mktemp("cache")))
        return train(cars, tmp_path_factory.mktemp("run"), fine_tuning=True)


def train(cars: Path, folder: Path, **options: Any) -> tuple[TrainResult, Path]:
    dataset = load_dataset(cars, validation_fraction=0.25, seed=0)
    options = {"tensorboard": folder / "logs", "report": lambda *_: None, **options}
    out, runs = folder / "models", folder / "runs"
    result = run_training(Assignment(dataset=dataset, out=out, config=CONFIG, runs=runs, **options))
    return result, folder / "logs"


@pytest.fixture
def learned(tiny: Backbone, cars: Path, tmp_path: Path) -> tuple[LearningSet, Candidate]:
    dataset = load_dataset(cars, validation_fraction=0.25, seed=0)
    data = embed_dataset(dataset, tiny, CONFIG, tmp_path / "cache", progress=silent)
    return data, first_stage(data, tiny, CONFIG)[0]


def test_the_first_stage_as_curves_and_the_settings_as_text(logged: tuple[TrainResult, Path]) -> None:
    result, logs = logged
    told = result.metrics["curves"]["regularisation"]
    for tag, name in (("C", "inverse_regularisation"), ("accuracy", "accuracy"), ("log_loss", "log_loss")):
        found = scalars(logs / "head", f"regularisation/{tag}")
        assert found == list(enumerate(pytest.approx(each) for each in told[name]))
    curve = result.metrics["learning_curve"]
    expected = list(zip(curve["shots"], map(pytest.approx, curve["mean"]), strict=True))
    assert scalars(logs / "head", "learning_curve/accuracy") == expected
    folds = result.metrics["cross_validation"]["folds"]
    assert [value for _, value in scalars(logs / "head", "cross_validation/accuracy")] == pytest.approx(folds)
    ((_, right),) = scalars(logs / "head", "validation/accuracy")
    assert 0 <= right <= 1
    (event,) = read(logs / "head").Tensors("settings")
    assert CONFIG.to_toml() in make_ndarray(event.tensor_proto).item().decode()


def test_the_second_stage_as_curves(logged: tuple[TrainResult, Path]) -> None:
    result, logs = logged
    history = result.metrics["curves"]["fine_tune"]
    for side, prefix in (("train", ""), ("validation", "val_")):
        for name in ("loss", "accuracy"):
            found = scalars(logs / side, f"epoch_{name}")
            assert found == list(enumerate(pytest.approx(each) for each in history[prefix + name]))


def test_histograms_of_the_weights_that_are_trained(logged: tuple[TrainResult, Path]) -> None:
    _, logs = logged
    assert tags(logs / "head", "histograms") == ["head/bias", "head/kernel"]
    trained = tags(logs / "weights", "histograms")
    assert {"head/bias", "head/kernel"} < set(trained)
    assert len(trained) == 4  # the last of the two convolutions, too: kernel and bias
    steps = [each.step for each in read(logs / "weights").Tensors("head/kernel")]
    assert steps == [0, 1]
    counted = make_ndarray(read(logs / "weights").Tensors("head/kernel")[0].tensor_proto)
    assert counted[:, 2].sum() == 48 * 2  # every weight is in a bin


def test_without_fine_tuning_the_map_and_the_first_stage_are_logged(
    cars: Path, tmp_path: Path, tiny_in_table: None
) -> None:
    _, logs = train(cars, tmp_path, shots=2)
    assert {file.name for file in logs.iterdir()} == {"head", "photos"}
    assert "cross_validation/accuracy" not in tags(logs / "head", "scalars")
    names = ("features.tsv", "metadata.tsv", "sprite.png", "projector_config.pbtxt")
    assert all((logs / "photos" / name).is_file() for name in names)


def test_mistakes_and_doubts_as_pictures(learned: tuple[LearningSet, Candidate], tmp_path: Path) -> None:
    data, candidate = learned
    always_suv = Head(weights=np.zeros((48, 2), np.float32), bias=np.array([0, 2], np.float32))
    classifier = replace(candidate.classifier, head=always_suv, temperature=1.0)
    log_photos(tmp_path / "logs", data, replace(candidate, classifier=classifier))
    photos = tmp_path / "logs" / "photos"
    found = tags(photos, "images")
    assert found == [
        "least certain/01 sedan: suv 88.1%",
        "least certain/02 sedan: suv 88.1%",
        "least certain/03 suv: suv 88.1%",
        "least certain/04 suv: suv 88.1%",
        "mistakes/01 sedan: suv 88.1%",
        "mistakes/02 sedan: suv 88.1%",
    ]
    assert scalars(photos, "mistakes") == [(0, 2.0)]
    (event,) = read(photos).Tensors(found[-1])
    width, height, picture = make_ndarray(event.tensor_proto)
    assert (width, height) == (b"256", b"256")
    assert picture.startswith(b"\x89PNG")
    assert read(photos).SummaryMetadata(found[-1]).summary_description == (
        "2.jpg: shows sedan, answered suv at 88.1%"
    )


def test_no_more_pictures_than_one_looks_at(
    learned: tuple[LearningSet, Candidate], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorboard, "MOST_PICTURES", 1)
    log_photos(tmp_path / "logs", *learned)
    assert len([tag for tag in tags(tmp_path / "logs" / "photos", "images") if "least" in tag]) == 1


def test_a_file_where_the_folder_should_be(cars: Path, tmp_path: Path, tiny_in_table: None) -> None:
    (tmp_path / "logs").write_text("mine")
    with pytest.raises(KuzovError) as error:
        train(cars, tmp_path)
    assert str(error.value) == (
        f"TensorBoard's logs can't be written to {tmp_path / 'logs' / 'head'}: Not a directory. "
        "Name another folder."
    )
    assert (tmp_path / "logs").read_text() == "mine"
    assert not (tmp_path / "models").exists()
