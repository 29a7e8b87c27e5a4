"""Gradients against differences, node by node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

from kuzov.errors import BundleError
from kuzov.explain.backward import pull_back
from tests.errors import raises
from tests.explain.networks import Array, numbers

Layer = Callable[[Any], Any]
SHAPE = (1, 4, 7, 7)


def conv(stride: int, taps: int, dilation: int = 1, pad: str = "same_upper") -> Layer:
    kernel = numbers(5, 4, taps, taps)
    return lambda x: ops.convolution(x, kernel, [stride] * 2, [1, 0], [1, 2], [dilation] * 2, auto_pad=pad)


def depthwise(stride: int, taps: int) -> Layer:
    kernel = numbers(4, 1, 1, taps, taps)
    return lambda x: ops.group_convolution(
        x, kernel, [stride] * 2, [0, 0], [0, 0], [1, 1], auto_pad="same_upper"
    )


def two_ways(x: Any) -> Any:
    """The shortcut of a block."""
    return ops.add(x, ops.multiply(ops.clamp(x, -1, 1), ops.constant(numbers(1, 4, 1, 1))))


def compiled(layer: Layer) -> tuple[Callable[[Array], Array], Callable[[Array, Array], Array]]:
    """A layer, and how the sum of its results, each times its slope, changes with what it is given."""
    given = ops.parameter(SHAPE, np.float32)
    found = layer(given)
    slope = ops.parameter(found.get_output_shape(0), np.float32)
    forward = openvino.Model([ops.result(found)], [given], "layer")
    back = pull_back(slope.output(0), found.output(0), given.output(0), forward.get_ordered_ops())
    core = openvino.Core()
    exactly = {"INFERENCE_PRECISION_HINT": "f32"}
    first = core.compile_model(forward, "CPU", exactly)
    second = core.compile_model(openvino.Model([ops.result(back)], [given, slope], "slope"), "CPU", exactly)
    return lambda x: np.array(first([x])[0]), lambda x, y: np.array(second([x, y])[0])


@pytest.mark.parametrize(
    "layer",
    [
        *(conv(stride, taps) for stride in (1, 2) for taps in (1, 3, 5)),
        conv(2, 2),
        conv(1, 3, dilation=2),
        conv(2, 3, pad="explicit"),
        conv(3, 3, pad="valid"),
        *(depthwise(stride, taps) for stride in (1, 2) for taps in (3, 5)),
        two_ways,
        lambda x: ops.multiply(ops.constant(numbers(*SHAPE)), x),
        lambda x: ops.add(ops.add(x, x), ops.constant(numbers(1, 4, 1, 1))),
        lambda x: ops.multiply(x, ops.clamp(x, 0, 6)),
        lambda x: conv(2, 3)(depthwise(1, 3)(two_ways(x))),
    ],
)
def test_a_small_step_changes_the_result_as_the_gradient_says(layer: Layer) -> None:
    forward, backward = compiled(layer)
    given = numbers(*SHAPE)
    slope = numbers(*forward(given).shape)
    gradient, step = backward(given, slope), np.float32(1e-3) * numbers(*SHAPE)
    assert gradient.shape == SHAPE
    change = (slope * (forward(given + step) - forward(given - step))).sum(dtype=np.float64)
    assert change == pytest.approx(2 * (gradient * step).sum(), rel=0.02, abs=2e-4)


def test_what_is_quantised_has_the_slope_of_what_is_not() -> None:
    levels = (ops.constant(np.float32(each)) for each in (-3, 3, -3, 3))
    bounds = list(levels)
    _, backward = compiled(lambda x: ops.fake_quantize(x, *bounds, 256))
    slope = numbers(*SHAPE)
    np.testing.assert_array_equal(backward(numbers(*SHAPE), slope), slope)


@pytest.mark.parametrize(
    ("layer", "kind"),
    [
        (ops.sin, "Sin"),
        # As in blocks that weigh their channels.
        (
            lambda x: ops.multiply(x, ops.clamp(ops.reduce_max(x, ops.constant([2, 3]), True), 0, 1)),
            "Multiply",
        ),
    ],
)
def test_a_node_without_a_rule_is_told(layer: Layer, kind: str) -> None:
    text = f"The model computes {kind} in a way of which kuzov knows no gradient"
    with raises(BundleError, f"{text}, so where it looks can't be told."):
        compiled(layer)


def test_what_does_not_come_of_the_other_is_told() -> None:
    one, other = (ops.relu(ops.parameter(SHAPE, np.float32)).output(0) for _ in range(2))
    text = "The model's last feature maps do not come of those before, so where it looks can't be told."
    with raises(BundleError, text):
        pull_back(one, one, other, [one.get_node(), other.get_node()])
