from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kuzov.errors import BundleError, MissingExtraError
from kuzov.explain.feature_maps import Array
from kuzov.explain.image_gradient import ImageGradient
from tests.errors import raises

IMAGE_PX = 16
rng = np.random.default_rng(7)


def numbers(*shape: int) -> Array:
    return rng.standard_normal(shape, dtype=np.float32)


def function(compute: Any, *shape: int | None) -> Any:
    specification = tf.TensorSpec(shape, tf.float32, "image")
    return tf.function(compute, input_signature=[specification], autograph=False).get_concrete_function()


def recogniser(dead_features: int) -> Any:
    """Two smooth layers, with a head of three classes on the means of what they give."""
    kernels, weights = (numbers(3, 3, 3, 5), numbers(3, 3, 5, 6)), numbers(6, 3)
    kept = np.ones(6, np.float32)
    kept[:dead_features] = 0

    def recognise(image: tf.Tensor) -> tf.Tensor:
        seen = image / 255
        for kernel in kernels:
            seen = tf.nn.softplus(tf.nn.conv2d(seen, kernel, 2, "SAME"))
        features = tf.reduce_mean(seen, axis=(1, 2)) * kept
        return tf.nn.softmax(tf.math.l2_normalize(tf.sqrt(tf.nn.relu(features)), axis=1) @ weights)

    return function(recognise, None, IMAGE_PX, IMAGE_PX, 3)


def odds(network: Any, images: Array) -> Array:
    """The first class's logit less the second's."""
    logarithms = np.log(network(tf.constant(images)).numpy())
    difference: Array = logarithms[:, 0] - logarithms[:, 1]
    return difference


@pytest.mark.parametrize("dead_features", [0, 2])
def test_a_step_along_the_gradient_changes_the_logit_as_it_says(dead_features: int) -> None:
    network = recogniser(dead_features)
    images = rng.uniform(0, 255, (2, IMAGE_PX, IMAGE_PX, 3)).astype(np.float32)
    gradient = ImageGradient(network)
    slope = gradient(images, 0) - gradient(images, 1)
    assert slope.shape == images.shape
    step = 3 * slope / np.sqrt((slope**2).sum(axis=(1, 2, 3), keepdims=True))
    found = odds(network, images + step) - odds(network, images - step)
    np.testing.assert_allclose(found, 2 * (slope * step).sum(axis=(1, 2, 3)), rtol=0.05)


@pytest.mark.parametrize(
    ("compute", "missing"),
    [
        (lambda image: tf.sigmoid(tf.reduce_mean(image, axis=(1, 2))), "Softmax"),
        (lambda image: tf.nn.softmax(tf.reduce_mean(image, axis=(1, 2))), "Sqrt"),
    ],
)
def test_a_network_of_another_kind_is_told(compute: Any, missing: str) -> None:
    text = f"The model has no {missing} before its probabilities, so where it looks can't be told."
    with raises(BundleError, text):
        ImageGradient(function(compute, None, 8, 8, 3))


def test_a_broken_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\xff\xff")
    with pytest.raises(BundleError) as caught:
        ImageGradient.load(tmp_path)
    assert str(caught.value).startswith(f"TensorFlow can't load the model in {tmp_path}: ")
    assert "\n" not in str(caught.value)


def test_no_tensorflow_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    text = (
        "Showing where a model looks by gradients of pixels needs packages that are not installed. "
        "Install them with: pip install 'kuzov[fine-tune]'"
    )
    with raises(MissingExtraError, text):
        ImageGradient.load(tmp_path)
