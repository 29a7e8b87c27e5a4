"""Networks as NNCF rounds them, but without NNCF."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import openvino
from openvino import opset13 as ops

from kuzov.model.backbones import Backbone
from kuzov.model.frozen import FrozenNetwork

REACH = 300
"""No number is larger that a convolution of these networks is shown."""


def rounded(model: openvino.Model, step: float) -> openvino.Model:
    """A copy whose convolutions are shown multiples of this number."""
    copy, steps = model.clone(), math.ceil(REACH / step)
    low, high = (ops.constant(sign * steps * step, openvino.Type.f32) for sign in (-1, 1))
    for node in copy.get_ordered_ops():
        if "Convolution" in node.get_type_name():
            shown = ops.fake_quantize(node.input_value(0), low, high, low, high, 2 * steps + 1)
            node.input(0).replace_source_output(shown.output(0))
    copy.validate_nodes_and_infer_types()
    return copy


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounded(Backbone):
    """A backbone with a form that stands for int8: it rounds to multiples of a number."""

    step: float

    def frozen(self) -> FrozenNetwork:
        network = Backbone.frozen(self)
        return replace(network, quantised=None if self.in_float else rounded(network.features, self.step))
