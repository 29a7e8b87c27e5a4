from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import openvino
import pytest

from kuzov import api
from kuzov.bundle.layout import OPENVINO_INT8, OPENVINO_INT8_MODEL
from kuzov.bundle.ready import ready_model
from kuzov.engine import int8 as module
from kuzov.engine.int8 import Int8Comparison, judge, optimise
from kuzov.engine.openvino import load
from kuzov.records import FramedPhotos
from tests.folders import contents

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult

needs_nncf = pytest.mark.skipif(find_spec("nncf") is None, reason="NNCF is not installed; it quantises")

SAME = Int8Comparison(
    photos=200,
    accuracy_before=0.98,
    accuracy=0.975,
    largest_change=0.9,
    mean_change=0.02,
    largest_unknown_change=0.9,
    mean_unknown_change=0.02,
    turned_unknown=2,
    milliseconds_before=8.0,
    milliseconds=3.0,
)


def silent(*_: object) -> None:
    """Shows nothing."""


@pytest.fixture
def bundle(trained: TrainResult, tmp_path: Path) -> Path:
    """A copy of the drawn cars' bundle."""
    folder = tmp_path / "cars" / "1"
    shutil.copytree(trained.bundle, folder)
    return folder


@pytest.fixture
def not_quantised(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Stands in for NNCF: the network as it is; tells the layers that were to stay in float."""
    asked = []

    def quantise(source: Path, images: npt.NDArray[np.uint8], *, float_layers: int) -> openvino.Model:
        assert images.shape == (24, 192, 192, 3)
        asked.append(float_layers)
        return openvino.Core().read_model(source)

    monkeypatch.setattr(module, "quantise", quantise)
    monkeypatch.setattr(module, "TIMED_CALLS", 3)
    return asked


@pytest.mark.parametrize(
    ("worse", "reason"),
    [
        ({}, ""),
        ({"accuracy": 0.97}, "accuracy falls from 98.0% to 97.0%, by more than 0.5%"),
        ({"accuracy": 1.0}, ""),
        ({"mean_change": 0.021}, "probabilities move by 0.021 on average, over 0.02"),
        ({"mean_unknown_change": 0.3}, "unknown moves by 0.300 on average, over 0.02"),
    ],
)
def test_int8_is_refused_where_it_answers_worse(worse: dict[str, float], reason: str) -> None:
    assert judge(replace(SAME, **worse)) == reason  # type: ignore[arg-type]


@pytest.mark.slow
def test_what_passes_is_kept_and_served(bundle: Path, photos: FramedPhotos, not_quantised: list[int]) -> None:
    before = contents(bundle)
    told: list[tuple[str, int, int]] = []
    result = optimise(bundle, photos, lambda *each: told.append(each))
    assert told == [("quantise", 0, 2), ("quantise", 2, 2)]
    found = result.comparison
    assert (found.photos, found.accuracy_before, found.accuracy) == (9, 1.0, 1.0)
    assert (found.largest_change, found.largest_unknown_change, found.turned_unknown) == (0.0, 0.0, 0)
    assert min(found.milliseconds_before, found.milliseconds) > 0
    assert not_quantised == [0]
    after = contents(bundle)
    assert {name for name in after if name not in before} == {
        str(OPENVINO_INT8_MODEL),
        str(OPENVINO_INT8 / "model.bin"),
    }
    assert {name: after[name] for name in before} == before
    assert load(bundle).name == "OpenVINO int8"
    assert json.loads(json.dumps(result.to_json())) == {
        "bundle": str(bundle),
        "kept": True,
        "reason": "",
        "float_layers": 0,
        "same_photos": True,
        "comparison": asdict(found),
    }


@pytest.mark.slow
def test_what_fails_leaves_the_bundle_as_it_was(
    bundle: Path, photos: FramedPhotos, not_quantised: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "judge", lambda _: "it is Monday")
    before = contents(bundle.parent)
    result = optimise(bundle, replace(photos, fingerprint="another"), silent)
    assert (result.kept, result.reason, result.float_layers) == (False, "it is Monday", 3)
    assert not result.same_photos
    assert not_quantised == [0, 3]
    assert contents(bundle.parent) == before


@pytest.mark.slow
def test_a_second_attempt_leaves_the_first_layers_in_float(
    bundle: Path, photos: FramedPhotos, not_quantised: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "judge", lambda _: "" if not_quantised[-1] else "it is worse")
    result = optimise(bundle, photos, silent)
    assert (result.kept, result.reason, result.float_layers) == (True, "", 3)
    kept = contents(bundle)
    monkeypatch.setattr(module, "judge", lambda _: "it is Monday")
    assert not optimise(bundle, photos, silent).kept
    assert contents(bundle) == kept


@pytest.mark.slow
def test_drawn_cars_do_not_pass(
    bundle: Path, photos: FramedPhotos, quantised: Mapping[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They differ so little that `unknown` turns on what int8 rounds away."""

    def quantise(_source: Path, _images: object, *, float_layers: int) -> openvino.Model:
        return openvino.Core().read_model(quantised[float_layers])

    monkeypatch.setattr(module, "quantise", quantise)
    monkeypatch.setattr(module, "TIMED_CALLS", 3)
    result = optimise(bundle, photos, silent)
    assert not result.kept
    assert re.match(r"(probabilities move|unknown moves|accuracy falls) ", result.reason)
    assert not (bundle / OPENVINO_INT8).exists()


@pytest.mark.slow
@needs_nncf
def test_the_ready_model_passes(
    real_photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "cars"
    shutil.copytree(ready_model(), bundle)
    result = api.optimize(bundle, real_photos)
    assert capsys.readouterr().out == ""
    assert (result.bundle, result.kept, result.same_photos) == (bundle / "1", True, True)
    assert (result.comparison.accuracy_before, result.comparison.accuracy) == (1.0, 1.0)
    assert load(result.bundle).name == "OpenVINO int8"
