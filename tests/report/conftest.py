"""A small run, as kuzov train writes it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from kuzov.bundle.layout import LEARNED_FROM
from kuzov.run_metrics import RunMetrics, read_metrics

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

    from kuzov.training.pipeline import TrainResult

NAMES = (
    ("bmw_x5", "BMW X5 (E70)", "БМВ X5 (E70)"),
    ("qashqai", "Nissan Qashqai (J11)", "Ниссан Кашкай (J11)"),
    ("vaz_2110", "VAZ-2110", "ВАЗ-2110"),
)
RIGHT = {"unknown": 0.02, "is_unknown": False}

Metrics = dict[str, Any]
Read = Callable[[object], RunMetrics]


@pytest.fixture
def older_bundle(trained: TrainResult, tmp_path: Path) -> Path:
    """The trained one as an older kuzov made it: it does not tell which photos it has learned from."""
    folder = tmp_path / "1"
    shutil.copytree(trained.bundle, folder)
    (folder / LEARNED_FROM).unlink()
    return folder


@pytest.fixture
def metrics() -> Metrics:
    """The content of metrics.json for three classes, with one mistake and one false alarm."""
    ids = [each[0] for each in NAMES]
    photos = [
        {"photo": f"validation/{label}/{row}.jpeg", "label": label, "predicted": label, "probability": 0.99}
        | RIGHT
        for label in ids
        for row in range(3)
    ]
    photos[4] |= {
        "photo": 'validation/qashqai/<b>"Кашкай" & co.jpeg',
        "predicted": "vaz_2110",
        "probability": 0.6125,
    }
    photos[8] |= {"unknown": 0.9, "is_unknown": True}
    counts = dict.fromkeys(ids, 26)
    return {
        "bundle": "models/img_classifier/1795361919",
        "seconds": 21.34,
        "kept": "head",
        "classes": [{"id": id_, "en": en, "ru": ru} for id_, en, ru in NAMES],
        "validation": {"right": 8, "total": 9, "accuracy": 8 / 9, "interval": [0.565, 0.98]},
        "cross_validation": {"mean": 0.9714, "std": 0.02, "folds": [0.95, 0.97, 0.994]},
        "shots": None,
        "ece": {"before": 0.05, "after": 0.0123},
        "inverse_regularisation": 30.0,
        "temperature": 0.41,
        "confusion": [[3, 0, 0], [0, 2, 1], [0, 0, 3]],
        "per_class": [
            {"precision": 1.0, "recall": 1.0, "f1": 1.0, "photos": 3.0},
            {"precision": 1.0, "recall": 0.6667, "f1": 0.8, "photos": 3.0},
            {"precision": 0.75, "recall": 1.0, "f1": 0.8571, "photos": 3.0},
        ],
        "curves": {
            "regularisation": {
                "inverse_regularisation": [1, 3, 10, 30, 100],
                "accuracy": [0.93, 0.95, 0.96, 0.9714, 0.9714],
                "log_loss": [0.31, 0.25, 0.2, 0.17, 0.18],
            },
            "fine_tune": None,
        },
        "learning_curve": {
            "shots": [1, 2, 3, 5, 10],
            "mean": [0.5, 0.65, 0.72, 0.83, 0.93],
            "std": [0.05, 0.06, 0.05, 0.04, 0.02],
            "draws": 10,
        },
        "reliability": {
            "before": [bin_(0.41, 12), bin_(0.72, 13), bin_(0.95, 13)],
            "after": [bin_(0.84, 12), bin_(0.98, 13), bin_(0.999, 13)],
        },
        "photos": photos,
        "data": {
            "train": counts,
            "validation": dict.fromkeys(ids, 3),
            "rejected": [{"photo": "train/vaz_2110/<битый>.jpg", "reason": "it is not an image"}],
            "fingerprint": "0123abcd",
        },
        "versions": {"kuzov": "0.1.0", "numpy": "2.3.0"},
        "config": {
            "seed": 0,
            "backbone": "lite0",
            "head": {"folds": 5, "inverse_regularisation": [1.0, 30.0]},
        },
    }


def bin_(confidence: float, right: int) -> dict[str, Any]:
    """One of thirteen photos."""
    return {"confidence": confidence, "accuracy": right / 13, "interval": [0.67, 0.99], "photos": 13}


@pytest.fixture
def evaluation(metrics: Metrics) -> Metrics:
    """The same answers as an evaluation's, which knows nothing of the training."""
    for key in ("seconds", "kept", "cross_validation", "shots", "curves", "learning_curve"):
        del metrics[key]
    metrics |= {"kind": "evaluation", "unknown_threshold": 0.4}
    metrics["unknown"] = {"right": 1, "wrong": 0, "rate": 1 / 9}
    metrics["ece"]["before"] = None
    metrics["reliability"]["before"] = []
    metrics |= {"learned_from": 0, "unseen": metrics["validation"]}
    metrics["data"]["folder"] = "photos/validation"
    return metrics


@pytest.fixture
def few_shots(metrics: Metrics) -> Metrics:
    """A run with five photos of each class."""
    metrics["cross_validation"] = None
    metrics["shots"] = {
        "shots": 5, "draws": 20, "photos": 72, "mean": 0.832, "std": 0.046, "least": 0.733, "most": 0.913
    }  # fmt: skip
    return metrics


@pytest.fixture
def fine_tuned(metrics: Metrics) -> Metrics:
    """The same run with a second stage that was kept."""
    metrics["kept"] = "fine-tuned"
    metrics["curves"]["fine_tune"] = {
        "loss": [0.5, 0.3, 0.2],
        "val_loss": [0.6, 0.5, 0.45],
        "accuracy": [0.8, 0.9, 1.0],
        "val_accuracy": [0.7, 0.9, 0.9],
        "learning_rate": [1e-4, 1e-4, 1e-4],
    }
    return metrics


@pytest.fixture
def many_classes(metrics: Metrics) -> Metrics:
    """A run with so many classes that a matrix of figures can't be read."""
    count = 30
    metrics["classes"] = [{"id": str(row), "en": f"Car {row}", "ru": f"Авто {row}"} for row in range(count)]
    metrics["confusion"] = [[2 * (row == column) for column in range(count)] for row in range(count)]
    metrics["confusion"][7][9] = 5
    metrics["per_class"] = [{"precision": 1.0, "recall": 1.0, "f1": 1.0, "photos": 2.0}] * count
    return metrics


@pytest.fixture
def photo_folder(metrics: Metrics, tmp_path: Path) -> Path:
    """The photos of the run, each of another grey, where its metrics say."""
    folder = tmp_path / "photos"
    for row, photo in enumerate(metrics["photos"]):
        file = folder / photo["photo"]
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (400, 200), (20 * row,) * 3).save(file, "JPEG")
    metrics["data"]["folder"] = str(folder)
    return folder


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "1795361919"
    folder.mkdir()
    return folder


@pytest.fixture
def read(run_folder: Path) -> Read:
    """Reads a run through its file, as the program does."""

    def save_and_read(values: object) -> RunMetrics:
        (run_folder / "metrics.json").write_text(json.dumps(values), encoding="utf-8")
        return read_metrics(run_folder)

    return save_and_read


def listen(page: Page) -> list[str]:
    """What the page complains of, and what it asks for beside itself."""
    heard: list[str] = []

    def asked(request: Request) -> None:
        if not (request.is_navigation_request() or request.url.startswith("data:")):
            heard.append(request.url)

    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", asked)
    return heard
