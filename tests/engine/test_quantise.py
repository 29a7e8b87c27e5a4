from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest

from kuzov.bundle.layout import OPENVINO_MODEL
from kuzov.cars.cut_out import read_cut_out
from kuzov.engine import quantise as module
from kuzov.engine.quantise import quantise
from kuzov.errors import MissingExtraError
from kuzov.network import Network, NetworkSettings
from tests.errors import raises

if TYPE_CHECKING:
    import openvino

    from kuzov.training.pipeline import TrainResult

needs_nncf = pytest.mark.skipif(find_spec("nncf") is None, reason="NNCF is not installed; it quantises")


@pytest.fixture(scope="module")
def images(synthetic_photos: Path) -> npt.NDArray[np.uint8]:
    files = sorted((synthetic_photos / "train").rglob("*.jpg"))
    return np.stack([read_cut_out(file, 224).pixels for file in files])


def of_type(model: openvino.Model, name: str) -> int:
    return sum(name in node.get_type_name() for node in model.get_ops())


def test_without_nncf_the_extra_is_named(
    trained: TrainResult, images: npt.NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with raises(
        MissingExtraError,
        "Quantising a model needs packages that are not installed. Install them with: "
        "pip install 'kuzov[optimize]'",
    ):
        quantise(trained.bundle / OPENVINO_MODEL, images)


@pytest.mark.slow
@needs_nncf
def test_a_quantised_network_answers_nearly_the_same(
    trained: TrainResult, images: npt.NDArray[np.uint8], capsys: pytest.CaptureFixture[str]
) -> None:
    import openvino

    source = trained.bundle / OPENVINO_MODEL
    quantised = quantise(source, images)
    assert capsys.readouterr().out == ""
    inputs = {"image": images.astype(np.float32)}
    expected = Network(openvino.Core().read_model(source), NetworkSettings(precision="f32"))(inputs)
    found = Network(quantised, NetworkSettings(precision="int8"))(inputs)
    assert (found["probabilities"].argmax(axis=1) == expected["probabilities"].argmax(axis=1)).all()
    assert 0 < np.abs(found["probabilities"] - expected["probabilities"]).mean() < 0.02
    # Drawn cars are so alike that this moves much further than with photos.
    assert 0 < np.abs(found["unknown"] - expected["unknown"]).mean() < 0.5


@pytest.mark.slow
@needs_nncf
def test_layers_left_in_float_are_not_quantised(trained: TrainResult, images: npt.NDArray[np.uint8]) -> None:
    source = trained.bundle / OPENVINO_MODEL
    whole, partly = (quantise(source, images[:2], float_layers=layers) for layers in (0, 3))
    assert of_type(whole, "Convolution") == of_type(partly, "Convolution")
    assert of_type(whole, "FakeQuantize") - of_type(partly, "FakeQuantize") >= 3
