from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kuzov.errors import BundleError, MissingExtraError
from kuzov.explain.network import Array, Grid, Network
from kuzov.model.calibrator import Calibrator
from kuzov.model.classifier import Classifier
from kuzov.model.familiarity import Prototypes
from kuzov.model.graph import freeze, frozen_recogniser
from kuzov.model.head import Head
from tests.errors import raises

IMAGE_PX = 16
rng = np.random.default_rng(7)


def numbers(*shape: int) -> Array:
    return rng.standard_normal(shape, dtype=np.float32)


def recogniser(*layers: Any, dead_features: int = 0) -> Any:
    """A frozen network of a few layers, with a head of three classes on what they give."""
    keras.utils.set_random_seed(1)
    image = features = keras.Input((IMAGE_PX, IMAGE_PX, 3), name="image")
    for layer in (keras.layers.Rescaling(1 / 255), *layers):
        features = layer(features)
    kept = np.ones(features.shape[-1], np.float32)
    kept[:dead_features] = 0
    backbone = keras.Model(image, keras.layers.GlobalAveragePooling2D()(features) * kept)
    shape = (len(kept), 3)
    classifier = Classifier(
        head=Head(weights=numbers(*shape), bias=numbers(3)),
        temperature=0.5,
        prototypes=Prototypes(classes=numbers(*shape), background=numbers(len(kept), 0)),
        calibrator=Calibrator(weights=np.array([-10.0, 0, 0]), bias=5.0),
    )
    return frozen_recogniser(freeze(backbone), classifier)


def two_grids(dead_features: int = 0) -> Any:
    """8 by 8, then 4 by 4, all of it smooth."""
    layers = [keras.layers.Conv2D(each, 3, 2, "same", activation="softplus") for each in (5, 6)]
    return recogniser(*layers, dead_features=dead_features)


@pytest.fixture(scope="module")
def images() -> Array:
    return rng.uniform(0, 255, (2, IMAGE_PX, IMAGE_PX, 3)).astype(np.float32)


def odds(network: Network, images: Array) -> Array:
    """The first class's logit less the second's."""
    logarithms = np.log(network.recognise(images)[0])
    difference: Array = logarithms[:, 0] - logarithms[:, 1]
    return difference


def test_it_answers_as_the_recogniser_does(images: Array) -> None:
    frozen = two_grids()
    for found, expected in zip(Network(frozen).recognise(images), frozen(tf.constant(images)), strict=True):
        np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)


@pytest.mark.parametrize("dead_features", [0, 2])
def test_a_step_along_the_gradient_changes_the_logit_as_it_says(images: Array, dead_features: int) -> None:
    network = Network(two_grids(dead_features))
    slope = network.image_gradient(images, 0) - network.image_gradient(images, 1)
    assert slope.shape == images.shape
    step = 3 * slope / np.sqrt((slope**2).sum(axis=(1, 2, 3), keepdims=True))
    found = odds(network, images + step) - odds(network, images - step)
    np.testing.assert_allclose(found, 2 * (slope * step).sum(axis=(1, 2, 3)), rtol=0.05)


def test_the_two_coarsest_grids_can_be_seen(images: Array) -> None:
    network = Network(two_grids())
    last, slope = network.feature_maps(images, 0, Grid.LAST)
    assert (last.shape, slope.shape) == ((2, 4, 4, 6), (2, 4, 4, 6))
    # The features are means over the last maps, so each place counts as much as the others.
    np.testing.assert_allclose(slope, np.broadcast_to(slope[:, :1, :1], slope.shape), rtol=1e-4)
    finer, slope = network.feature_maps(images, 0, Grid.NEXT_TO_LAST)
    assert (finer.shape, slope.shape) == ((2, 8, 8, 5), (2, 8, 8, 5))
    assert (finer > 0).all(), "softplus comes after the convolution"


def test_one_grid_is_both(images: Array) -> None:
    network = Network(recogniser(keras.layers.Conv2D(4, 3, padding="same", activation="relu")))
    last, next_to_last = (network.feature_maps(images, 2, grid)[0] for grid in Grid)
    np.testing.assert_array_equal(last, next_to_last)


def function(compute: Any, *shape: int | None) -> Any:
    specification = tf.TensorSpec(shape, tf.float32, "image")
    return tf.function(compute, input_signature=[specification]).get_concrete_function()


def test_probabilities_of_another_kind_are_told() -> None:
    def recognise(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        mean = tf.reduce_mean(image, axis=(1, 2))
        return tf.sigmoid(mean), mean[:, 0]

    with raises(BundleError, "The model's probabilities come from Sigmoid, where a softmax is needed."):
        Network(function(recognise, None, 8, 8, 3))


def test_a_network_without_places_is_told() -> None:
    with raises(BundleError, "The model has no feature maps, so where it looks can't be told."):
        Network(function(lambda image: (tf.nn.softmax(image), image[:, 0]), None, 3))


def test_a_foreign_model_is_told(tmp_path: Path) -> None:
    tf.saved_model.save(tf.Module(), str(tmp_path))
    with raises(BundleError, f"The model in {tmp_path} is not kuzov's, so where it looks can't be told."):
        Network.load(tmp_path)


def test_a_broken_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\xff\xff")
    with pytest.raises(BundleError) as caught:
        Network.load(tmp_path)
    assert str(caught.value).startswith(f"TensorFlow can't load the model in {tmp_path}: ")
    assert "\n" not in str(caught.value)


def test_no_tensorflow_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    text = (
        "Showing where a model looks needs packages that are not installed. Install them with: "
        "pip install 'kuzov[train]'"
    )
    with raises(MissingExtraError, text):
        Network.load(tmp_path)
