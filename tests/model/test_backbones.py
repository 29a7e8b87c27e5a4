from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from kuzov.config import TrainConfig
from kuzov.errors import ConfigError, MissingExtraError
from kuzov.model import backbones
from kuzov.model.backbones import BACKBONES, Backbone, find_backbone, weight_key
from kuzov.model.weight_files import BACKGROUND, read_weights
from kuzov.network import Network, NetworkSettings
from tests.errors import raises


def tiny() -> keras.Model:
    image = keras.Input((8, 8, 3))
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(image))


@pytest.mark.parametrize("name", BACKBONES)
def test_each_entry_loads_frozen_and_of_its_size(name: str) -> None:
    entry = find_backbone(name)
    model = entry.load()
    assert entry.name == name
    assert model.input_shape == (None, entry.image_px, entry.image_px, 3)
    assert len(model.output_shape) == 2
    assert model.trainable_weights == []


def test_the_default_is_in_the_table() -> None:
    assert TrainConfig().backbone in BACKBONES


@pytest.mark.parametrize("name", ["efficientnet-lite0-cars", "efficientnet-lite0-imagenet"])
def test_the_shipped_weights_are_those_of_the_file(name: str) -> None:
    tensors = dict(read_weights(f"{name}.safetensors"))
    tensors.pop(BACKGROUND, None)
    layers = find_backbone(name).load().layers
    weights = {weight_key(layer, weight): weight.numpy() for layer in layers for weight in layer.weights}
    assert weights.keys() == tensors.keys()
    for key, tensor in tensors.items():
        np.testing.assert_array_equal(weights[key], tensor.astype(np.float32), key)


def test_a_backbone_that_learned_cars_knows_their_prototypes() -> None:
    background = find_backbone("efficientnet-lite0-cars").background()
    assert (background.shape, str(background.dtype)) == ((196, 1280), "float32")
    np.testing.assert_allclose(np.linalg.norm(background, axis=1), 1, atol=1e-3)  # float16 in the file


def test_a_backbone_that_learned_no_cars_has_no_background() -> None:
    assert find_backbone("efficientnet-lite0-imagenet").background().shape == (0, 1280)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("efficientnet-lite0", " Did you mean efficientnet-lite0-cars?"), ("zzz", "")],
)
def test_an_unknown_backbone_is_told(name: str, hint: str) -> None:
    available = "efficientnet-lite0-cars, efficientnet-lite0-imagenet"
    with raises(ConfigError, f"There is no backbone '{name}'.{hint} Available: {available}."):
        find_backbone(name)


def test_a_backbone_may_bring_its_own_weights() -> None:
    entry = Backbone(name="mean", image_px=8, build=tiny)
    images = np.random.default_rng(0).uniform(0, 255, (3, 8, 8, 3)).astype(np.float32)
    frozen = entry.frozen()
    assert frozen is entry.frozen()
    found = Network(frozen.features, NetworkSettings(precision="f32", rows_apart=True))({"image": images})
    for features in (entry.load().predict(images, verbose=0), found["features"]):
        np.testing.assert_allclose(features, images.mean(axis=(1, 2)), rtol=1e-4)
    assert entry.background().shape == (0, 3)  # as many columns as it has features


def test_one_that_kuzov_does_not_bring_needs_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kuzov.model.freeze", None)
    text = (
        "The backbone of mine needs packages that are not installed. Install them with: "
        "pip install 'kuzov[fine-tune]'"
    )
    with raises(MissingExtraError, text):
        Backbone(name="of mine", image_px=8, build=tiny).frozen()
    assert find_backbone("efficientnet-lite0-cars").frozen().weights


def test_the_fingerprint_tells_name_and_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Backbone(name="a", image_px=8, build=tiny, weights="a.safetensors")
    monkeypatch.setattr(backbones, "WEIGHTS", tmp_path)
    for name in ("a", "b"):
        (tmp_path / f"{name}.safetensors").write_text(name)
    found = entry.fingerprint()
    assert found == replace(entry).fingerprint()
    assert len(found) == 16
    assert found != replace(entry, name="b").fingerprint()
    assert found != replace(entry, weights="b.safetensors").fingerprint()
