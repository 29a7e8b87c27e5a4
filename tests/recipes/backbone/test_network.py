from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from kuzov.model.backbones import weight_key
from kuzov.model.efficientnet_lite import efficientnet_lite
from kuzov.model.weight_files import read_weights
from recipes.backbone.network import EfficientNetLite, blend, load_weights, pad_same, weights_of


@pytest.mark.parametrize(("width", "depth"), [(1.0, 1.0), (1.1, 1.2)])
def test_it_computes_what_the_products_network_computes(width: float, depth: float) -> None:
    keras_model = efficientnet_lite(width=width, depth=depth, image_px=64, name="backbone")
    rng = np.random.default_rng(0)
    tensors = {}
    for layer in keras_model.layers:
        for weight in layer.weights:
            near = 1.0 if weight.name in {"gamma", "moving_variance"} else 0.0
            value = near + rng.normal(0, 0.05, weight.shape).astype(np.float32)
            weight.assign(value)
            tensors[weight_key(layer, weight)] = value
    images = rng.integers(0, 256, (2, 64, 64, 3), np.uint8)

    network = EfficientNetLite(width=width, depth=depth)
    load_weights(network, tensors)
    network.eval()
    with torch.no_grad():
        found = network(torch.from_numpy(images.transpose(0, 3, 1, 2))).numpy()

    expected = keras_model(images.astype(np.float32), training=False).numpy()
    assert expected.std() > 1e-3
    assert_allclose(found, expected, atol=1e-4, rtol=1e-3)


def test_weights_come_back_as_they_went_in() -> None:
    tensors = read_weights("efficientnet-lite0-imagenet.safetensors")
    network = EfficientNetLite(width=1.0, depth=1.0)

    load_weights(network, tensors)

    found = weights_of(network)
    assert found.keys() == tensors.keys()
    assert all(np.array_equal(found[name], tensors[name]) for name in tensors)


def test_blending_goes_a_part_of_the_way() -> None:
    network = EfficientNetLite(width=0.25, depth=0.3)
    before = weights_of(network)
    other = {name: value + 1 for name, value in before.items()}

    blend(network, other, 0.25)

    for name, value in weights_of(network).items():
        assert_allclose(value, before[name] + 0.25, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padded"), [(8, 3, 1, 10), (8, 3, 2, 9), (7, 3, 2, 9), (8, 5, 2, 11)]
)
def test_padding_is_tensorflows_same(size: int, kernel: int, stride: int, padded: int) -> None:
    assert pad_same(torch.zeros(1, 1, size, size), kernel, stride).shape == (1, 1, padded, padded)
