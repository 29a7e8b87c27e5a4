"""SavedModels of networks, written by TensorFlow and Keras: usual ones, and ones that OpenVINO gets wrong.

Each function writes one version into the folder that it is given, and returns it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests.saved_models import PREDICT, _save, _signature, v1

Outputs = Mapping[str, Any]
KERNEL = np.random.default_rng(0).normal(size=(3, 3, 3, 4)).astype(np.float32)


@cache
def classifier() -> keras.Model:
    """A small image classifier: (N, 32, 32, 3) in 0..255 to 5 probabilities."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((32, 32, 3), name="image"),
            keras.layers.Rescaling(1 / 255),
            keras.layers.ZeroPadding2D(1),
            keras.layers.Conv2D(4, 3, strides=2, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(6.0),
            keras.layers.DepthwiseConv2D(3, padding="same", activation="swish"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(5, activation="softmax"),
        ]
    )


def exported(folder: Path) -> Path:
    """As `model.export` writes it, with the signatures serve and serving_default."""
    classifier().export(str(folder), verbose=False)
    return folder


def saved(folder: Path) -> Path:
    """As `model.save` of Keras 2 wrote it, with the signature serving_default alone."""
    module = tf.Module()
    module.kept = [variable.value for variable in classifier().variables]
    spec = tf.TensorSpec((None, 32, 32, 3), tf.float32, "image")
    serve = tf.function(lambda image: {"dense": classifier()(image, training=False)}, input_signature=[spec])
    tf.saved_model.save(module, str(folder), {"serving_default": serve})
    return folder


def frozen(folder: Path) -> Path:
    """With constants for variables, as tools for TensorFlow 1 write it."""
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    spec = tf.TensorSpec((None, 32, 32, 3), tf.float32, "image")
    model = tf.function(lambda image: classifier()(image, training=False)).get_concrete_function(spec)
    constant = convert_variables_to_constants_v2(model)
    with v1.Graph().as_default() as graph:
        v1.import_graph_def(constant.graph.as_graph_def(), name="")
        image, output = (
            graph.get_tensor_by_name(each.name) for each in (*constant.inputs, *constant.outputs)
        )
        return _save(folder, {"serving_default": _signature({"image": image}, {"output_0": output}, PREDICT)})


def version_1(folder: Path) -> Path:
    """A convolution as TensorFlow 1 writes it: variables of the old kind, and no functions."""
    with v1.Graph().as_default():
        image = v1.placeholder(tf.float32, [None, 8, 8, 3], "image")
        kernel = v1.Variable(KERNEL, name="kernel", use_resource=False)
        output = tf.nn.softmax(tf.reduce_mean(tf.nn.conv2d(image, kernel, 1, "SAME"), [1, 2]), name="p")
        return _save(folder, {"serving_default": _signature({"image": image}, {"p": output}, PREDICT)})


def network(folder: Path, compute: Callable[[Any], Outputs]) -> Path:
    """A function as `serving_default`, of an input x: photos."""
    module = tf.Module()
    module.state = state()
    serve = tf.function(compute, input_signature=[tf.TensorSpec((None, 8, 8, 3), tf.float32, "x")])
    tf.saved_model.save(module, str(folder), {"serving_default": serve})
    return folder


def convolution(x: Any) -> Any:
    """Photos to (N, 8, 8, 4)."""
    return tf.nn.conv2d(x, KERNEL, 1, "SAME")


def _counting(x: Any) -> Outputs:
    state().assign_add(1.0)
    return {"y": convolution(x) * state()}


@cache
def state() -> Any:
    """What a network may change."""
    return tf.Variable(1.0)


def _asserting(x: Any) -> Outputs:
    tf.raw_ops.Assert(condition=tf.reduce_max(x) < 1, data=[x])
    return {"y": convolution(x)}


WRONG: Mapping[str, Callable[[Any], Outputs]] = {
    "log_softmax": lambda x: {"y": tf.nn.log_softmax(convolution(x))},
    "tile": lambda x: {"y": tf.tile(convolution(x), [1, 2, 1, 3])},
    "LRN of an odd radius": lambda x: {"y": tf.nn.local_response_normalization(convolution(x), 1)},
    "LRN of a bias": lambda x: {"y": tf.nn.local_response_normalization(convolution(x), 2, bias=0.5)},
    "counting": _counting,
    "asserting": _asserting,
    "a batch of two": lambda x: {"y": convolution(tf.ensure_shape(x, (2, 8, 8, 3)))},
}
"""What OpenVINO computes without a word, but otherwise than TensorFlow."""
