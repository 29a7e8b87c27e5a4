"""Gradients as a part of an OpenVINO graph, which itself has none.

For each kind of node that stands between the last feature maps of an EfficientNet-Lite, also a quantised
one, there is a rule that carries a gradient from its output back to an input.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from openvino import Node, Output
from openvino import opset13 as ops

from kuzov.errors import BundleError
from kuzov.words import Words

_NOT_CONNECTED = Words(
    "The model's last feature maps do not come of those before, so where it looks can't be told.",
    "Последние карты признаков модели получены не из предыдущих, поэтому не сказать, куда она смотрит.",
)
_NO_GRADIENT = Words(
    "The model computes {kind} in a way of which kuzov knows no gradient, so where it looks can't be told.",
    "Модель считает {kind} так, что kuzov не знает градиента, поэтому не сказать, куда она смотрит.",
)


def pull_back(slope: Output, of: Output, to: Output, nodes: Sequence[Node]) -> Output:
    """How a number changes with the values of `to`, by how it changes with those of `of`, which come of them.

    Args:
        slope: The latter, shaped as `of`.
        of: Of a fixed shape, as all that is on the way.
        to: Likewise.
        nodes: All of the graph's, each after those that it needs.

    Returns:
        The former, shaped as `to`.

    Raises:
        BundleError: There is a kind of node between them for which there is no rule, or nothing is.
    """
    reached = {_name(to)}
    for node in nodes:
        if any(_name(source) in reached for source in node.input_values()):
            reached.add(node.get_friendly_name())
    slopes = {_name(of): slope}
    for node in reversed(nodes):
        name = node.get_friendly_name()
        if name not in slopes or name == _name(to):
            continue
        behind = slopes.pop(name)
        for index, source in enumerate(node.input_values()):
            if _name(source) in reached:
                part, known = _through(node, index, behind), slopes.get(_name(source))
                slopes[_name(source)] = part if known is None else ops.add(known, part).output(0)
    if _name(to) not in slopes:
        raise BundleError(_NOT_CONNECTED)
    return slopes[_name(to)]


def _name(output: Output) -> str:
    name: str = output.get_node().get_friendly_name()
    return name


def _through(node: Node, index: int, slope: Output) -> Output:
    rule = _RULES.get(node.get_type_name())
    found = None if rule is None else rule(node, index, slope).output(0)
    # A rule does not sum over what the node has broadcast.
    if found is None or found.get_partial_shape() != node.input_value(index).get_partial_shape():
        raise BundleError(_NO_GRADIENT.fill(kind=node.get_type_name()))
    return found


def _unchanged(_node: Node, _index: int, slope: Output) -> Node:
    # What gives a node to all of them alike.
    return slope.get_node()


def _multiply(node: Node, index: int, slope: Output) -> Node:
    return ops.multiply(slope, node.input_value(1 - index))


def _clamp(node: Node, _index: int, slope: Output) -> Node:
    bounds, value = node.get_attributes(), node.output(0)
    kind = value.get_element_type()
    least, most = (ops.constant(bounds[name], kind) for name in ("min", "max"))
    inside = ops.logical_and(ops.greater(value, least), ops.less(value, most))
    return ops.multiply(slope, ops.convert(inside, kind.get_type_name()))


def _convolution(transposed: Callable[..., Node], node: Node, _index: int, slope: Output) -> Node:
    how, (image, kernel) = node.get_attributes(), node.input_values()
    strides, dilations, begin, end = (
        how[name] for name in ("strides", "dilations", "pads_begin", "pads_end")
    )
    # A stride of 2 gives the same size for two sizes of the image; this says for which.
    spare = [
        size - ((places - 1) * stride + (taps - 1) * dilation + 1 - before - after)
        for size, places, stride, taps, dilation, before, after in zip(
            image.get_shape()[2:],
            slope.get_shape()[2:],
            strides,
            kernel.get_shape()[-2:],
            dilations,
            begin,
            end,
            strict=True,
        )
    ]
    return transposed(
        slope,
        kernel,
        strides=strides,
        pads_begin=begin,
        pads_end=end,
        dilations=dilations,
        output_padding=spare,
    )


_RULES: Mapping[str, Callable[[Node, int, Output], Any]] = {
    "Add": _unchanged,
    "Clamp": _clamp,
    "Convolution": partial(_convolution, ops.convolution_backprop_data),
    # Steps have no slope; what they are steps of has.
    "FakeQuantize": _unchanged,
    "GroupConvolution": partial(_convolution, ops.group_convolution_backprop_data),
    "Multiply": _multiply,
}
