from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import openvino
import pytest
import tensorflow as tf

from kuzov.model.backbones import find_backbone
from kuzov.model.freeze import freeze, freeze_backbone, to_openvino
from kuzov.model.frozen import FrozenNetwork
from kuzov.model.join import JOINED
from kuzov.network import Network, NetworkSettings
from kuzov.wire.messages import SavedModel

IMAGE_PX = 32


@pytest.fixture(scope="module")
def images() -> npt.NDArray[np.float32]:
    return np.random.default_rng(3).uniform(0, 255, (6, IMAGE_PX, IMAGE_PX, 3)).astype(np.float32)


def features_of(network: FrozenNetwork, images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    settings = NetworkSettings(precision="f32", rows_apart=True)
    found: npt.NDArray[np.float32] = Network(network.features, settings)({"image": images})["features"]
    return found


def wide_network(round_to: type[np.floating[Any]]) -> keras.Model:
    """A network with a kernel of 400 kB, whose weights are rounded so."""
    keras.utils.set_random_seed(4)
    image = keras.Input((IMAGE_PX, IMAGE_PX, 3), name="image")
    features = keras.layers.Dense(500)(
        keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(200, 3)(image))
    )
    model = keras.Model(image, features)
    for layer in model.layers:
        layer.set_weights([value.astype(round_to).astype(np.float32) for value in layer.get_weights()])
    return model


@pytest.mark.parametrize(("round_to", "stored"), [(np.float16, 0.5), (np.float32, 1.0)])
def test_kernels_that_fit_float16_take_half_the_bytes_and_lose_nothing(
    images: npt.NDArray[np.float32], round_to: type[np.floating[Any]], stored: float, tmp_path: Path
) -> None:
    model = wide_network(round_to)
    frozen = freeze_backbone(model)
    size = len(frozen.graph.as_graph_def().SerializeToString())
    assert size == pytest.approx(stored * 4 * model.count_params(), rel=0.05)
    (features,) = frozen(tf.constant(images))
    np.testing.assert_array_equal(features, tf.function(model)(images))

    openvino.save_model(to_openvino(frozen), tmp_path / "model.xml", compress_to_fp16=False)
    size = (tmp_path / "model.bin").stat().st_size
    assert size == pytest.approx(stored * 4 * model.count_params(), rel=0.05)


def test_a_weight_beyond_float16_stays_as_it_is(images: npt.NDArray[np.float32]) -> None:
    image = keras.Input((IMAGE_PX, IMAGE_PX, 3), name="image")
    model = keras.Model(
        image, keras.layers.Conv2D(4, 3, kernel_initializer=keras.initializers.Constant(1e6))(image)
    )
    np.testing.assert_array_equal(freeze_backbone(model)(tf.constant(images))[0], tf.function(model)(images))


def test_openvinos_form_gives_the_features(images: npt.NDArray[np.float32]) -> None:
    model = wide_network(np.float32)
    found = features_of(freeze(model), images)
    np.testing.assert_allclose(found, model.predict(images, verbose=0), atol=1e-4)


@pytest.mark.slow
def test_the_network_that_kuzov_brings_is_what_is_frozen_today(ten_cut_outs: npt.NDArray[np.float32]) -> None:
    """Where this fails: scripts/make_ready_bundle.py with --freeze, which says what else is to be done."""
    entry = find_backbone("efficientnet-lite0-cars")
    brought = entry.frozen()
    assert brought.weights == entry.fingerprint()
    now = freeze(entry.load(), cars=True)
    np.testing.assert_allclose(
        features_of(brought, ten_cut_outs[:3]), features_of(now, ten_cut_outs[:3]), atol=1e-5
    )
    assert operations(brought.saved_model) == operations(now.saved_model)


def operations(saved_model: bytes) -> Counter[tuple[str, ...]]:
    """A graph's nodes and the values of its constants, but not of those that are joined."""
    (meta,) = SavedModel.FromString(saved_model).meta_graphs
    functions = meta.graph_def.library.function
    nodes = [*meta.graph_def.node, *(node for function in functions for node in function.node_def)]
    return Counter(
        (node.name if node.name.startswith(JOINED) else str(node.attr["value"].tensor), node.op)
        for node in nodes
    )
