from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kuzov import api
from kuzov.errors import BundleError, DatasetError, MissingExtraError

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult


@pytest.mark.parametrize("missing", ["tensorflow", "sklearn", "matplotlib", "safetensors"])
def test_training_without_its_extra_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    real = find_spec
    monkeypatch.setattr(api, "find_spec", lambda name: None if name == missing else real(name))
    with pytest.raises(MissingExtraError) as caught:
        api.train(tmp_path)
    assert str(caught.value) == (
        "Training needs packages that are not installed. Install them with: pip install 'kuzov[train]'"
    )


def test_a_trained_bundle_recognises_cars(trained: TrainResult, synthetic_photos: Path) -> None:
    recogniser = api.load(trained.bundle.parent)
    photos = sorted((synthetic_photos / "test").iterdir())
    assert [recogniser.predict(photo).label for photo in photos] == ["hatchback", "sedan", "suv"]
    assert api.load(str(trained.bundle), precision="f32").card == recogniser.card


def test_the_report_is_written(trained: TrainResult) -> None:
    assert "<html" in (trained.run_folder / "report.html").read_text(encoding="utf-8")


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"^There is no model folder "):
        api.load(tmp_path / "none")
    with pytest.raises(DatasetError, match=r"^There is no folder "):
        api.train(str(tmp_path / "none"), tmp_path / "models", runs=tmp_path / "runs")
