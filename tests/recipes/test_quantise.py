from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import numpy.typing as npt
import pytest

from kuzov.model.backbones import find_backbone
from kuzov.model.head import directions
from kuzov.network import Network, NetworkSettings
from recipes.quantise import quantise

Floats = npt.NDArray[np.float32]


@pytest.mark.skipif(find_spec("nncf") is None, reason="NNCF is not installed; it quantises")
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
