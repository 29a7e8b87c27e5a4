from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import numpy.typing as npt
import openvino
import pytest
from openvino import opset13 as ops

from kuzov.model.backbones import find_backbone
from kuzov.model.head import directions
from kuzov.network import Network, NetworkSettings
from recipes.quantise import MOST_OF_A_PAIR, largest_pairs, quantise

Floats = npt.NDArray[np.float32]


pytestmark = pytest.mark.skipif(find_spec("nncf") is None, reason="NNCF is not installed; it quantises")


@pytest.mark.parametrize("in_eight_bits", [False, True])
def test_no_pair_of_weights_overflows_16_bits(in_eight_bits: bool) -> None:
    rng = np.random.default_rng(0)
    image = ops.parameter([-1, 8, 8, 3], np.float32, name="image")
    image.output(0).get_tensor().set_names({"image"})
    kernel = ops.constant(
        rng.integers(-127, 128, (16, 3, 3, 3)).astype(np.int8 if in_eight_bits else np.float32)
    )
    kernel = ops.multiply(ops.convert(kernel, np.float32), np.full((16, 1, 1, 1), 0.01, np.float32))
    convolved = ops.convolution(ops.transpose(image, [0, 3, 1, 2]), kernel, [1, 1], [0, 0], [0, 0], [1, 1])
    network = openvino.Model([ops.relu(convolved)], [image], "small")
    quantised = quantise(network, rng.integers(0, 256, (4, 8, 8, 3)).astype(np.uint8))
    (whole,) = (
        node.get_data()
        for node in quantised.get_ops()
        if node.get_type_name() == "Constant" and node.get_element_type() == openvino.Type.i8
    )
    pairs = largest_pairs(whole)
    assert pairs.max() <= MOST_OF_A_PAIR
    assert pairs.min() > 100  # and no filter is coarser than it has to be


def test_neighbours_of_one_sign_make_a_pair() -> None:
    kernel = np.array([[5, -7, 3, 4, 6], [1, 1, -9, -9, 0]], np.int8).reshape(2, 5, 1, 1)
    assert largest_pairs(kernel).tolist() == [7, 18]


def test_a_quantised_network_gives_nearly_the_same_features(ten_cut_outs: Floats) -> None:
    features = find_backbone("efficientnet-lite0-cars").frozen().features
    quantised = quantise(features, ten_cut_outs.astype(np.uint8))
    kinds = [node.get_type_name() for node in quantised.get_ordered_ops()]
    # Of each convolution the activations; its weights are whole numbers already.
    assert kinds.count("FakeQuantize") >= sum("Convolution" in kind for kind in kinds) > 0
    inputs = {"image": ten_cut_outs}
    expected = Network(features, NetworkSettings(precision="f32", rows_apart=True))(inputs)["features"]
    found = Network(quantised, NetworkSettings(precision="int8", rows_apart=True))(inputs)["features"]
    alike = (directions(found) * directions(expected)).sum(axis=1)
    assert 0.97 < alike.min() < alike.max() < 1
