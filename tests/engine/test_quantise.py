from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kuzov.bundle.layout import OPENVINO_MODEL
from kuzov.engine import quantise as module
from kuzov.engine.quantise import quantise
from kuzov.errors import MissingExtraError
from kuzov.network import Network, NetworkSettings, read_model
from kuzov.records import FramedPhotos
from tests.errors import raises

if TYPE_CHECKING:
    import openvino

    from kuzov.training.pipeline import TrainResult


def of_type(model: openvino.Model, name: str) -> int:
    return sum(name in node.get_type_name() for node in model.get_ops())


def test_without_nncf_the_extra_is_named(
    trained: TrainResult, photos: FramedPhotos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with raises(
        MissingExtraError,
        "Quantising a model needs packages that are not installed. Install them with: "
        "pip install 'kuzov[optimize]'",
    ):
        quantise(trained.bundle / OPENVINO_MODEL, photos.learned)


def test_a_quantised_network_answers_nearly_the_same(
    trained: TrainResult, photos: FramedPhotos, quantised: Mapping[int, Path]
) -> None:
    inputs = {"image": photos.learned.astype(np.float32)}
    expected = Network(read_model(trained.bundle / OPENVINO_MODEL), NetworkSettings(precision="f32"))(inputs)
    found = Network(read_model(quantised[0]), NetworkSettings(precision="int8"))(inputs)
    assert (found["probabilities"].argmax(axis=1) == expected["probabilities"].argmax(axis=1)).all()
    assert 0 < np.abs(found["probabilities"] - expected["probabilities"]).mean() < 0.02
    # Drawn cars are so alike that this moves much further than with photos.
    assert 0 < np.abs(found["unknown"] - expected["unknown"]).mean() < 0.5


def test_layers_left_in_float_are_not_quantised(quantised: Mapping[int, Path]) -> None:
    whole, partly = (read_model(quantised[layers]) for layers in (0, 3))
    assert of_type(whole, "Convolution") == of_type(partly, "Convolution")
    assert of_type(whole, "FakeQuantize") - of_type(partly, "FakeQuantize") >= 3
