from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kuzov.config import TrainConfig
from kuzov.data.dataset import load_dataset
from kuzov.data.synthetic import render_cars
from kuzov.model.backbones import Backbone
from kuzov.model.calibration import fit_temperature, probabilities
from kuzov.model.scores import expected_calibration_error, wilson_interval
from kuzov.progress import silent
from kuzov.training.candidate import first_stage
from kuzov.training.export import package_versions
from kuzov.training.judge import cross_calibrate
from kuzov.training.judgement import judge_head
from kuzov.training.learning_set import embed_dataset
from kuzov.training.run_folder import collect_metrics, write_run

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult


CONFIG = TrainConfig()


@pytest.fixture(scope="module")
def metrics(trained: TrainResult) -> dict[str, Any]:
    return trained.metrics


def test_the_validation_photos_are_counted(metrics: dict[str, Any]) -> None:
    photos, validation = metrics["photos"], metrics["validation"]
    assert len(photos) == validation["total"] == 9
    assert validation["right"] == sum(each["label"] == each["predicted"] for each in photos)
    assert validation["accuracy"] == validation["right"] / 9
    assert tuple(validation["interval"]) == wilson_interval(validation["right"], 9)
    assert {each["photo"] for each in photos} == {
        f"validation/{label}/{number}.jpg" for label in ("hatchback", "sedan", "suv") for number in (1, 2, 3)
    }
    for each in photos:
        assert set(each) == {
            "photo",
            "label",
            "predicted",
            "probability",
            "unknown",
            "is_unknown",
            "look_alike",
        }
        assert each["is_unknown"] == (each["unknown"] > 0.5)
        assert 1 / 3 <= each["probability"] <= 1


def test_the_classes_are_judged(metrics: dict[str, Any]) -> None:
    classes = [each["id"] for each in metrics["classes"]]
    assert classes == ["hatchback", "sedan", "suv"]
    assert metrics["classes"][2] == {"id": "suv", "en": "SUV", "ru": "Внедорожник"}
    confusion = np.zeros((3, 3), int)
    for each in metrics["photos"]:
        confusion[classes.index(each["label"]), classes.index(each["predicted"])] += 1
    assert metrics["confusion"] == confusion.tolist()
    assert [each["photos"] for each in metrics["per_class"]] == [3, 3, 3]
    assert all(set(each) == {"precision", "recall", "f1", "photos"} for each in metrics["per_class"])


def test_cross_validation_and_calibration_are_told(metrics: dict[str, Any]) -> None:
    folds = metrics["cross_validation"]
    assert len(folds["folds"]) == 5
    assert folds["mean"] == pytest.approx(np.mean(folds["folds"]))
    assert folds["std"] == pytest.approx(np.std(folds["folds"]))
    assert set(metrics["ece"]) == {"before", "after"}
    assert 0 <= metrics["ece"]["after"] <= 1
    curve = metrics["curves"]["regularisation"]
    candidates = list(TrainConfig().head.inverse_regularisation)
    assert curve["inverse_regularisation"] == candidates
    assert metrics["inverse_regularisation"] == candidates[int(np.argmin(curve["log_loss"]))]
    assert len(curve["accuracy"]) == len(candidates)
    assert (metrics["kept"], metrics["curves"]["fine_tune"]) == ("head", None)


def test_the_probabilities_are_judged_in_ten_bins(metrics: dict[str, Any]) -> None:
    for step in ("before", "after"):
        bins = metrics["reliability"][step]
        assert len(bins) == 10
        assert sum(each["photos"] for each in bins) == 24  # those learned from, out of fold
        gaps = [each["photos"] * abs(each["confidence"] - each["accuracy"]) for each in bins]
        assert sum(gaps) / 24 == pytest.approx(metrics["ece"][step])
        for each in bins:
            right = round(each["accuracy"] * each["photos"])
            assert tuple(each["interval"]) == wilson_interval(right, each["photos"])


def test_calibration_is_judged_by_temperatures_that_do_not_know_the_photos(
    tiny: Backbone, tmp_path: Path
) -> None:
    dataset = load_dataset(
        render_cars(tmp_path, classes=2, train=6, validation=2), validation_fraction=0.25, seed=0
    )
    data = embed_dataset(dataset, tiny, CONFIG, tmp_path / "cache", progress=silent)
    candidate, choice = first_stage(data, tiny, CONFIG)
    judgement = judge_head(data, (), CONFIG, inverse_regularisation=choice.inverse_regularisation)
    # A network that knows more than the tiny one.
    labels = candidate.unseen.labels
    logits = np.random.default_rng(0).normal(size=(len(labels), 2)) + 2 * np.eye(2)[labels]
    unseen = replace(candidate.unseen, logits=logits)
    temperature = fit_temperature(logits, labels)
    candidate = replace(
        candidate, unseen=unseen, classifier=replace(candidate.classifier, temperature=temperature)
    )
    metrics = collect_metrics(data, candidate, choice, judgement, CONFIG, fine_tune_history=None)
    honest = cross_calibrate(unseen.logits, unseen.labels, unseen.groups, folds=5)
    assert metrics["ece"] == {
        "before": expected_calibration_error(probabilities(unseen.logits, 1.0), unseen.labels),
        "after": expected_calibration_error(honest, unseen.labels),
    }
    flattered = probabilities(unseen.logits, candidate.classifier.temperature)
    assert metrics["ece"]["after"] != expected_calibration_error(flattered, unseen.labels)


def test_the_learning_curve_is_told(metrics: dict[str, Any]) -> None:
    curve = metrics["learning_curve"]
    assert curve["shots"] == [1, 2, 3, 5, 10]  # of 11 photos, one is left to test on
    assert len(curve["mean"]) == len(curve["std"]) == 5
    assert curve["draws"] == 5
    assert metrics["shots"] is None


def test_what_shaped_the_run_is_told(metrics: dict[str, Any]) -> None:
    assert metrics["config"] == json.loads(json.dumps(TrainConfig().to_json()))
    assert metrics["versions"] == package_versions()
    assert metrics["data"]["train"] == {"hatchback": 8, "sedan": 8, "suv": 8}
    assert metrics["data"]["rejected"] == []
    assert Path(metrics["data"]["folder"]).is_absolute()
    assert all((Path(metrics["data"]["folder"]) / each["photo"]).is_file() for each in metrics["photos"])
    assert metrics["unknown_threshold"] == 0.5


def test_the_run_folder_holds_metrics_pictures_and_the_report(trained: TrainResult) -> None:
    assert {entry.name for entry in trained.run_folder.iterdir()} == {
        "metrics.json", "config.toml", "curves.svg", "confusion.svg", "classes.svg", "report.html",
        "learning_curve.svg", "reliability.svg", "unknown.svg"
    }  # fmt: skip


def test_metrics_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_run(tmp_path / "runs" / "1", {"имя": 1}, TrainConfig())
    file = tmp_path / "runs" / "1" / "metrics.json"
    assert "имя" in file.read_text(encoding="utf-8")
    with pytest.raises(TypeError):
        write_run(tmp_path / "runs" / "1", {"имя": object()}, TrainConfig())
    assert json.loads(file.read_text(encoding="utf-8")) == {"имя": 1}
    write_run(tmp_path / "runs" / "1", {"имя": 2}, TrainConfig())
    assert {entry.name for entry in file.parent.iterdir()} == {"metrics.json", "config.toml"}
    assert json.loads(file.read_text(encoding="utf-8")) == {"имя": 2}
