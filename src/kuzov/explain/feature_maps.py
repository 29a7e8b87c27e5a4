"""What a bundle's network sees on the way to its answer: feature maps, and how much each place counts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino
from openvino import Output
from openvino import opset13 as ops

from kuzov.bundle.layout import OPENVINO_MODEL
from kuzov.compiled import read_model
from kuzov.cores import cores_if_limited
from kuzov.errors import BundleError
from kuzov.explain.backward import pull_back
from kuzov.network import CAN_NOT_RUN, Network, NetworkSettings, own_words
from kuzov.words import Words

_NOT_KUZOVS = Words(
    "The model is not built as kuzov's are: {reason}. So where it looks can't be told.",
    "Модель устроена не так, как модели kuzov: {reason}. Поэтому не сказать, куда она смотрит.",
)
_NO_SOFTMAX = Words(
    "its probabilities come from {kind}, not from Softmax", "вероятности считает {kind}, а не Softmax"
)
_OTHER_LOGITS = Words("its logits come from {kind}", "логиты считает {kind}")
_NO_MAPS = Words("it has no feature maps", "в ней нет карт признаков")
_NO_MEANS = Words(
    "its head does not see the means of its last feature maps",
    "выходной слой видит не средние последних карт признаков",
)

Array = npt.NDArray[np.float32]

MOST_PROBABLE = -1
"""In place of a class's column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Feature maps (K, h, w), and how the class's logit changes with them, shaped the same."""

    maps: Array
    slopes: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the network computes of a frame.

    Attributes:
        probabilities: (C,).
        unknown: In 0..1.
        atlas: (M,), how likely each model of the atlas is; (0,) where the network knows none.
        last: The coarsest grid, which the features are means of.
        next_to_last: The next finer one; the same where there is only one.
    """

    probabilities: Array
    unknown: float
    atlas: Array
    last: Grid
    next_to_last: Grid


class FeatureMaps:
    """A recogniser that tells its inside too. Safe to call from several threads at once."""

    def __init__(self, model: openvino.Model) -> None:
        """Compile a recogniser, from `image` (N, px, px, 3) to `probabilities` and `unknown`; it is changed.

        Raises:
            BundleError: It is not built as kuzov's are.
            RuntimeError: OpenVINO can't compile it.
        """
        settings = NetworkSettings(precision="f32", threads=cores_if_limited(), lone_calls=False)
        self._network = Network(_with_slopes(model), settings)

    @classmethod
    def load(cls, version_dir: Path) -> FeatureMaps:
        """Load the network of a bundle, in its float form.

        Raises:
            BundleError: OpenVINO can't run it, or it is not built as kuzov's are.
        """
        try:
            return cls(read_model(version_dir / OPENVINO_MODEL))
        except RuntimeError as error:
            reason = own_words(error).removesuffix(".")
            raise BundleError(CAN_NOT_RUN.fill(folder=str(version_dir), why=reason)) from error

    def look(self, frame: Array, column: int = MOST_PROBABLE) -> Look:
        """Look at a frame, RGB (px, px, 3) in 0..255, for what speaks for the class of a column."""
        found = self._network({"image": frame[np.newaxis], "column": np.array(column)})
        last, next_to_last = (
            Grid(maps=found[f"{name}_maps"][0], slopes=found[f"{name}_slopes"][0])
            for name in ("last", "next_to_last")
        )
        return Look(
            probabilities=found["probabilities"][0],
            unknown=float(found["unknown"][0]),
            atlas=found["atlas"][0] if "atlas" in found else np.zeros(0, np.float32),
            last=last,
            next_to_last=next_to_last,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """The logits (N, C) are `scale` times the directions of the features times `weights`, plus a constant."""

    logits: Output
    weights: Output
    axis: int  # of the weights, along which the classes lie
    scale: float


def _with_slopes(model: openvino.Model) -> openvino.Model:
    """The network of one row, with the column of a class as an input, and the grids as further outputs."""
    image, probabilities, unknown = (
        model.input("image"), model.output("probabilities"), model.output("unknown")
    )  # fmt: skip
    head = _find_head(probabilities.get_node().input_value(0).get_node())
    last, next_to_last = _find_grids(model)
    model.reshape({image: [1, *image.get_partial_shape()[1:]]})
    column = ops.parameter([], openvino.Type.i64, "column")
    column.output(0).get_tensor().set_names({"column"})
    slope = _slope_of_head(head, last, column)
    named = {
        "probabilities": probabilities.get_node().input_value(0),
        "unknown": unknown.get_node().input_value(0),
        "last_maps": last,
        "last_slopes": slope,
        "next_to_last_maps": next_to_last,
        "next_to_last_slopes": pull_back(slope, last, next_to_last, model.get_ordered_ops()),
    }
    if any("atlas" in each.get_names() for each in model.outputs):
        named["atlas"] = model.output("atlas").get_node().input_value(0)
    for name, output in named.items():
        output.get_tensor().add_names({name})
    return openvino.Model([ops.result(each) for each in named.values()], [image.get_node(), column])


def _find_head(softmax: Any) -> _Head:
    """Walk from the softmax back to the product with the head's weights."""
    if softmax.get_type_name() != "Softmax":
        raise _not_kuzovs(_NO_SOFTMAX.fill(kind=softmax.get_type_name()))
    logits = softmax.input_value(0)
    node, scale = logits.get_node(), 1.0
    while (kind := node.get_type_name()) != "MatMul":
        if kind == "Divide" and (temperature := node.input_value(1).get_node()).get_type_name() == "Constant":
            scale /= float(np.mean(temperature.data))
        elif kind != "Add":
            raise _not_kuzovs(_OTHER_LOGITS.fill(kind=kind))
        node = node.input_value(0).get_node()
    transposed = node.get_attributes()["transpose_b"]
    return _Head(logits=logits, weights=node.input_value(1), axis=0 if transposed else 1, scale=scale)


def _find_grids(model: openvino.Model) -> tuple[Output, Output]:
    """The last maps of the coarsest grid and of the next finer one; a lone grid's twice."""
    by_side: dict[int, Output] = {}
    for node in model.get_ordered_ops():  # each after those that it needs
        for output in node.outputs():
            shape = output.get_partial_shape()
            # Those of images have an open number of rows; a picture of one pixel has no places.
            if shape.rank == 4 and shape[0].is_dynamic and shape[2].is_static and shape[2] == shape[3]:
                by_side[shape[2].get_length()] = output
    by_side.pop(1, None)
    if not by_side:
        raise _not_kuzovs(_NO_MAPS)
    coarsest, *finer = sorted(by_side)
    return by_side[coarsest], by_side[finer[0] if finer else coarsest]


def _slope_of_head(head: _Head, last: Output, column: Any) -> Output:
    """How a class's logit changes with the last maps, (1, K, h, w).

    The head sees the means of the maps by their directions: square roots, scaled to length 1.
    """
    shape = last.get_shape()
    if list(head.weights.get_shape())[1 - head.axis] != shape[1]:
        raise _not_kuzovs(_NO_MEANS)
    zero, channels, places = ops.constant(0.0, np.float32), _indices(1), _indices(2, 3)
    largest = ops.topk(head.logits, ops.constant(1, np.int64), 1, "max", "none", index_element_type="i64")
    most_probable = ops.squeeze(largest.output(1), _indices(0, 1))
    chosen = ops.select(ops.less(column, ops.constant(0, np.int64)), most_probable, column)
    weights = ops.unsqueeze(ops.gather(head.weights, chosen, _indices(head.axis)), _indices(0))
    features = ops.relu(ops.reduce_mean(last, places))
    squared_length = ops.reduce_sum(features, channels, keep_dims=True)
    roots, length = ops.sqrt(features), ops.sqrt(squared_length)
    along = ops.divide(ops.reduce_sum(ops.multiply(weights, roots), channels, keep_dims=True), length)
    slope = ops.subtract(ops.divide(ops.multiply(weights, length), roots), along)
    # The slope of a square root is infinite at 0.
    finite = ops.select(ops.greater(features, zero), slope, zero)
    scale = ops.constant(head.scale / (2 * shape[2] * shape[3]), np.float32)
    above_zero = ops.maximum(squared_length, ops.constant(np.float32(1e-12)))
    scaled = ops.divide(ops.multiply(finite, scale), above_zero)
    return ops.broadcast(ops.unsqueeze(scaled, places), ops.constant(list(shape))).output(0)


def _indices(*values: int) -> Any:
    return ops.constant(np.array(values, np.int64))


def _not_kuzovs(reason: Words) -> BundleError:
    return BundleError(_NOT_KUZOVS.fill(reason=reason))
