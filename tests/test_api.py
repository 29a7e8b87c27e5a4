from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kuzov import api
from kuzov.errors import ConfigError, DatasetError, MissingExtraError
from kuzov.training.assignment import Assignment
from tests.errors import raises

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult


@pytest.mark.parametrize(
    ("options", "what"), [({"fine_tune": True}, "Fine-tuning"), ({"tensorboard": "logs"}, "TensorBoard")]
)
def test_what_alone_needs_tensorflow_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], what: str
) -> None:
    monkeypatch.setattr(api, "find_spec", lambda name: None if name == "tensorflow" else find_spec(name))
    text = f"{what} needs packages that are not installed. Install them with: pip install 'kuzov[fine-tune]'"
    with raises(MissingExtraError, text):
        api.train(tmp_path, **options)


def test_a_trained_bundle_recognises_cars(trained: TrainResult, synthetic_photos: Path) -> None:
    recogniser = api.load(trained.bundle.parent)
    photos = sorted((synthetic_photos / "test").iterdir())
    assert [recogniser.predict(photo).label for photo in photos] == ["hatchback", "sedan", "suv"]
    assert api.load(str(trained.bundle), precision="f32").card == recogniser.card


def test_few_shots_are_what_training_is_asked_for(
    trained: TrainResult, synthetic_photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Assignment] = []

    def run_training(assignment: Assignment) -> TrainResult:
        asked.append(assignment)
        return trained

    monkeypatch.setattr("kuzov.training.pipeline.run_training", run_training)
    assert api.train(synthetic_photos, shots=10) is trained
    assert asked[0].shots == 10


def test_shots_that_can_not_be_are_told_before_anything_is_made(
    synthetic_photos: Path, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match=r"^With 11 photos of each class to learn from, "):
        api.train(str(synthetic_photos), tmp_path / "models", runs=tmp_path / "runs", shots=11)
    with pytest.raises(ConfigError, match=r"^shots is 0; "):
        api.train(synthetic_photos, shots=0)
    with raises(ConfigError, "shots and fine_tune can't go together; give one of them."):
        api.train(synthetic_photos, shots=1, fine_tune=True)
    assert list(tmp_path.iterdir()) == []


def test_the_report_is_written(trained: TrainResult) -> None:
    report = (trained.run_folder / "report.html").read_text(encoding="utf-8")
    assert "<html" in report
    assert (trained.bundle / "assets.extra" / "report.html").read_text(encoding="utf-8") == report
