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


def network(folder: Path, compute: Callable[..., Outputs], *inputs: Any, **others: Any) -> Path:
    """A function of inputs of these specs as `serving_default`, and further functions of the same inputs."""
    signatures = {"serving_default": compute, **others}
    functions = {name: tf.function(each, input_signature=inputs) for name, each in signatures.items()}
    module = tf.Module()
    module.state = _state()
    tf.saved_model.save(module, str(folder), functions)
    return folder


def image(dtype: Any = tf.float32) -> Any:
    """The spec of photos."""
    return tf.TensorSpec((None, 8, 8, 3), dtype, "x")


def convolution(x: Any) -> Any:
    """Photos to (N, 8, 8, 4)."""
    return tf.nn.conv2d(x, KERNEL, 1, "SAME")


def _counting(x: Any) -> Outputs:
    _state().assign_add(1.0)
    return {"y": convolution(x) * _state()}


def _doubling(x: Any) -> Outputs:
    y = convolution(x)
    return {"y": y, "z": tf.identity(y)}


@cache
def _state() -> Any:
    return tf.Variable(1.0)


def _asserting(x: Any) -> Outputs:
    tf.raw_ops.Assert(condition=tf.reduce_max(x) < 1, data=[x])
    return {"y": convolution(x)}


ODD: Mapping[str, tuple[Callable[[Any], Outputs], Any]] = {
    "counting": (_counting, image()),
    "asserting": (_asserting, image()),
    "ensuring a shape": (lambda x: {"y": convolution(tf.ensure_shape(x, (2, 8, 8, 3)))}, image()),
    "a constant": (lambda x: {"y": convolution(x), "version": tf.constant([3.0])}, image()),
    "a shape": (lambda x: {"y": convolution(x), "size": tf.shape(x)}, image()),
    "an input handed on": (lambda x: {"y": convolution(x), "z": tf.identity(x)}, image()),
    "one tensor twice": (_doubling, image()),
    "one name twice": (lambda x: {"x": convolution(x)}, image()),
    "arithmetic alone": (lambda x: {"y": x / 2 + 2}, image()),
    "a flat photo": (lambda x: {"y": tf.reshape(x, (-1, 3)) @ KERNEL[0, 0]}, image()),
    "a lookup": (lambda x: {"y": tf.gather(KERNEL, x)}, tf.TensorSpec((None,), tf.int32, "x")),
    "double": (lambda x: {"y": convolution(tf.cast(tf.cast(x, tf.float64) * 2, tf.float32))}, image()),
    "wrapping round": (lambda x: {"y": tf.cast(convolution(x), tf.uint8)}, image()),
    "whole numbers": (lambda x: {"y": convolution(tf.cast(x * 2, tf.float32))}, image(tf.int32)),
    "long numbers": (lambda x: {"y": convolution(tf.cast(x, tf.float32))}, image(tf.int64)),
    "random": (lambda x: {"y": convolution(x) * tf.random.uniform([4])}, image()),
    "a loop": (
        lambda x: {
            "y": tf.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y * 2), (0, convolution(x)))[1]
        },
        image(),
    ),
}
"""What OpenVINO can't be trusted with: a function and the spec of its input x."""


def every_operation(folder: Path) -> Path:
    """Photos x (N, 8, 8, 3) of bytes through all that OpenVINO is trusted with; an output for each."""
    variable = tf.Variable(KERNEL[0, 0], name="variable")

    def compute(x: Any) -> Outputs:
        x = tf.cast(x, tf.float32) / 64 - 2
        outputs = {**_numbers(x), **_layers(x), **_moves(x), "MatMul": tf.matmul(x[:, 0, 0, :], variable)}
        return {f"of_{name}": tensor for name, tensor in outputs.items()}

    module = tf.Module()
    module.variable = variable
    serve = tf.function(compute, input_signature=[image(tf.uint8)])
    tf.saved_model.save(module, str(folder), {"serving_default": serve})
    return folder


def _numbers(x: Any) -> Outputs:
    raw, y, above = tf.raw_ops, KERNEL[0, 0, :, 0], tf.abs(x) + 0.1
    alone = "Abs Ceil Elu Erf Erfc Exp Floor Neg Relu Relu6 Round Selu Sigmoid Softplus Softsign Square Tanh"
    unary = {name: getattr(raw, name) for name in alone.split()}
    features = {"Elu", "Relu", "Relu6", "Selu", "Softplus", "Softsign"}
    pairs = (
        "Add AddV2 Equal FloorDiv FloorMod Greater GreaterEqual Less LessEqual Maximum Minimum Mul NotEqual "
        "SquaredDifference Sub RealDiv"
    )
    is_more = x > y
    return {
        **{name: op(**{"features" if name in features else "x": x}) for name, op in unary.items()},
        **{name: getattr(raw, name)(x=above) for name in ("Log", "Log1p", "Rsqrt", "Sqrt")},
        **{name: getattr(raw, name)(x=x, y=y) for name in pairs.split()},
        "LeakyRelu": raw.LeakyRelu(features=x, alpha=0.1),
        "Pow": above**1.5,
        "AddN": tf.add_n([x, above]),
        "BiasAdd": tf.nn.bias_add(x, y),
        "ClipByValue": raw.ClipByValue(t=x, clip_value_min=-1.0, clip_value_max=1.0),
        "Cast": tf.cast(x * 3, tf.int32),
        "LogicalAnd": is_more & (x > 0),
        "LogicalOr": is_more | (x > 0),
        "LogicalNot": ~is_more,
        "Select": raw.Select(condition=is_more, x=x, y=above),
        "SelectV2": tf.where(is_more, x, 0.0),
    }


def _layers(x: Any) -> Outputs:
    raw, scale = tf.raw_ops, {"scale": KERNEL[0, 0, 0, :3], "offset": KERNEL[0, 1, 0, :3]}
    norm = {**scale, "mean": KERNEL[1, 0, 0, :3], "variance": KERNEL[1, 1, 1, :3] ** 2, "is_training": False}
    norms = {name: getattr(raw, name) for name in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")}
    reductions = {name: getattr(raw, name) for name in ("Max", "Mean", "Min", "Prod", "Sum")}
    bigger = tf.stack([tf.shape(x)[0], 16, 16, 3])
    return {
        **{name: op(x=x, **norm)[0] for name, op in norms.items()},
        **{name: op(input=x, axis=[1, 2], keep_dims=False) for name, op in reductions.items()},
        "Conv2D": tf.nn.conv2d(x, KERNEL, 2, [[0, 0], [1, 2], [0, 1], [0, 0]]),
        "dilated": tf.nn.conv2d(x, KERNEL, 1, "SAME", dilations=2),
        "Conv2DBackpropInput": tf.nn.conv2d_transpose(convolution(x), KERNEL, bigger, 2, "SAME"),
        "DepthwiseConv2dNative": tf.nn.depthwise_conv2d(x, KERNEL, [1, 2, 2, 1], "SAME"),
        "AvgPool": tf.nn.avg_pool2d(x, 3, 2, "SAME"),
        "MaxPool": tf.nn.max_pool2d(x, 3, 2, "SAME"),
        "LRN": tf.nn.local_response_normalization(x, 2),
        "BatchMatMulV2": raw.BatchMatMulV2(x=x, y=x, adj_y=True),
        "Einsum": tf.einsum("nhwc,nkwc->nhkw", x, x),
        "Softmax": tf.nn.softmax(x),
        "LogSoftmax": tf.nn.log_softmax(x),
        "ArgMax": tf.argmax(x, -1),
        "ArgMin": tf.argmin(x, -1, tf.int32),
        **{
            f"{name}_{align}_{half}": getattr(raw, name)(
                images=x, size=(5, 19), align_corners=align, half_pixel_centers=half
            )
            for name in ("ResizeBilinear", "ResizeNearestNeighbor")
            for align, half in ((False, False), (False, True), (True, False))
        },
    }


def _moves(x: Any) -> Outputs:
    raw, pads = tf.raw_ops, [[0, 0], [1, 2], [0, 1], [0, 0]]
    rows = tf.shape(x)[0]
    return {
        "BatchToSpaceND": tf.batch_to_space(
            tf.space_to_batch(x, [2, 2], [[1, 1], [0, 0]]), [2, 2], [[1, 1], [0, 0]]
        ),
        "SpaceToBatchND": tf.space_to_batch(x, [2, 2], [[1, 1], [0, 0]]),
        "SpaceToDepth": tf.nn.space_to_depth(x, 2),
        "DepthToSpace": tf.nn.depth_to_space(convolution(x), 2),
        "BroadcastTo": tf.broadcast_to(x[:, :1], tf.shape(x)),
        "ConcatV2": tf.concat([x, x * 2], 1),
        "ExpandDims": tf.expand_dims(x, 1),
        "Squeeze": tf.squeeze(x[:, :1], 1),
        "Fill": x + tf.fill(tf.stack([rows, 1, 1, 1]), 2.0),
        "GatherV2": tf.gather(x, [2, 0], axis=3),
        "MirrorPad": tf.pad(x, pads, "REFLECT"),
        "Pad": tf.pad(x, pads),
        "PadV2": raw.PadV2(input=x, paddings=pads, constant_values=1.5),
        "Pack": tf.stack([x, -x], 2),
        "Unpack": tf.unstack(x, axis=1)[3],
        "Split": tf.split(x, 2, axis=1)[1],
        "SplitV": tf.split(x, [3, 5], axis=1)[1],
        "Range": x[:, :, :, 0] * tf.cast(tf.range(rows), tf.float32)[:, tf.newaxis, tf.newaxis],
        "Rank": x * tf.cast(raw.Rank(input=x), tf.float32),
        "Size": x / tf.cast(raw.Size(input=x), tf.float32),
        "Reshape": tf.reshape(x, tf.stack([rows, -1])),
        "ReverseV2": tf.reverse(x, [3]),
        "Slice": raw.Slice(input=x, begin=[0, 1, 2, 0], size=[-1, 5, -1, 2]),
        "StridedSlice": x[:, 1:-1:2, ::-1, tf.newaxis, ..., 0],
        "Tile": tf.tile(x, [1, 2, 1, 3]),
        "Transpose": tf.transpose(x, [0, 3, 1, 2]),
    }
