"""Small networks of OpenVINO's, built as kuzov's own are."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import openvino
from openvino import opset13 as ops

Array = npt.NDArray[np.float32]
IMAGE_PX = 16
CLASSES = 3
TEMPERATURE = 0.5
RNG = np.random.default_rng(7)


def numbers(*shape: int) -> Array:
    return RNG.standard_normal(shape, dtype=np.float32)


def convolution(image: Any, channels: int, stride: int = 2, taps: int = 3) -> Any:
    """With all that an EfficientNet-Lite puts after one."""
    kernel = numbers(channels, image.get_output_partial_shape(0)[1].get_length(), taps, taps) / taps
    seen = ops.convolution(image, kernel, [stride, stride], [0, 0], [0, 0], [1, 1], auto_pad="same_upper")
    scaled = ops.add(
        ops.multiply(seen, ops.constant(numbers(1, channels, 1, 1))), ops.constant(np.float32(1))
    )
    return ops.clamp(scaled, 0, 6)


def stem() -> tuple[Any, Any]:
    """`image` (N, 16, 16, 3), and the same with the channels first and in 0..1."""
    image = ops.parameter([-1, IMAGE_PX, IMAGE_PX, 3], np.float32, "image")
    image.output(0).get_tensor().set_names({"image"})
    turned = ops.transpose(image, ops.constant([0, 3, 1, 2]))
    return image, ops.multiply(turned, ops.constant(np.float32(1 / 255)))


def head(features: Any) -> tuple[Any, Array]:
    """Logits of features (N, D), and the weights (D, 3)."""
    weights = numbers(features.get_output_partial_shape(0)[1].get_length(), CLASSES)
    roots = ops.sqrt(ops.relu(features))
    squares = ops.reduce_sum(ops.multiply(roots, roots), ops.constant([1]), keep_dims=True)
    length = ops.sqrt(ops.maximum(squares, ops.constant(np.float32(1e-12))))
    products = ops.matmul(ops.divide(roots, length), ops.constant(weights), False, False)
    biased = ops.add(products, ops.constant(numbers(1, CLASSES)))
    return ops.divide(biased, ops.constant(np.float32(TEMPERATURE))), weights


def model(image: Any, probabilities: Any) -> openvino.Model:
    """With `unknown`, and an output without a name, which nobody asks for."""
    unknown = ops.sigmoid(ops.reduce_sum(probabilities, ops.constant([1])))
    for name, output in (("probabilities", probabilities), ("unknown", unknown)):
        output.output(0).get_tensor().set_names({name})
    results = [ops.result(each) for each in (probabilities, unknown, ops.relu(probabilities))]
    return openvino.Model(results, [image], "small")


def recogniser(*channels: int) -> openvino.Model:
    """A grid for each, the next one half as fine as the one before, then a head of three classes."""
    image, seen = stem()
    for each in channels:
        seen = convolution(seen, each)
    logits, _ = head(ops.reduce_mean(seen, ops.constant([2, 3])))
    return model(image, ops.softmax(logits, 1))
