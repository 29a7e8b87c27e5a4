"""Whether OpenVINO answers as TensorFlow does, tried on random inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kuzov.engine.engine import NUMPY_DTYPES, Engine, run
from kuzov.engine.openvino import OpenVinoEngine
from kuzov.errors import RequestError
from kuzov.network import Tensors
from kuzov.records import DEFAULT_SIGNATURE, TensorSpec

TOLERANCES: Mapping[str, float] = {"f32": 1e-3, "bf16": 2e-2}
"""How far apart answers may be, by OpenVINO's precision, as a part of the largest number of their output."""

ROWS = (1, 2, 3)
RANGES = ((0, 1), (-3, 3), (0, 255))
"""Scaled images, standardised features, images. Whole numbers go over all their type in the second."""

OPEN_SIZE = 96
"""Where a signature leaves more open than the rows; as a photo's side it outlasts five halvings."""

SMALLEST_SCALE = 1e-6


class _Difference(NamedTuple):
    """Two answers where they are furthest apart, and that as a part of the largest number beside them."""

    part: float
    found: float
    expected: float


_NOTHING_COMPARED = _Difference(-1, 0, 0)


def disagreement(openvino: OpenVinoEngine, tensorflow: Engine) -> str:
    """What the runtimes of a model differ in when they compute `serving_default` for random inputs.

    It is the largest difference, or one in shape or type, or what one of them refuses, as part of a sentence;
    empty where they agree within TOLERANCES. That can show that they differ, but not that they never do:
    random inputs are no photos, they may miss a branch of the graph, and where its last layer saturates they
    hide what differs before.
    """
    worst: dict[str, _Difference] = {}
    for inputs in _random_inputs(tensorflow.signatures[DEFAULT_SIGNATURE].inputs):
        answers = []
        for engine in (tensorflow, openvino):
            try:
                answers.append(run(engine, DEFAULT_SIGNATURE, inputs))
            except RequestError as error:
                reason = str(error).partition("\n")[0].rstrip(".")
                return f"{engine.name} refuses some: {reason}"
        expected, found = answers
        for name, tensor in expected.items():
            if (form := _form(found[name])) != _form(tensor):
                return f"its output {name} is {form} instead of {_form(tensor)}"
            worst[name] = max(worst.get(name, _NOTHING_COMPARED), _difference(found[name], tensor))
    for name, largest in sorted(worst.items(), key=lambda each: -each[1].part):
        if largest.part > TOLERANCES[openvino.precision]:
            return f"its output {name} has at worst {largest.found:.4g} instead of {largest.expected:.4g}"
        if largest is _NOTHING_COMPARED:
            return f"its output {name} has no finite number to compare"
    return ""


def _random_inputs(specs: Mapping[str, TensorSpec]) -> Iterator[Tensors]:
    rng = np.random.default_rng(0)
    for low, high in RANGES:
        for rows in ROWS:
            yield {name: _random(rng, spec, rows, low, high) for name, spec in specs.items()}


def _random(rng: np.random.Generator, spec: TensorSpec, rows: int, low: int, high: int) -> npt.NDArray[Any]:
    shape = [OPEN_SIZE if size == -1 else size for size in spec.shape or ()]
    if spec.shape and spec.shape[0] == -1:
        shape[0] = rows
    dtype = np.dtype(NUMPY_DTYPES[spec.dtype])
    if dtype.kind == "f":
        return rng.uniform(low, high, shape).astype(dtype)
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    low, high = (least, most) if low < 0 else (low, min(high, most))
    return rng.integers(low, high, shape, dtype, endpoint=True)


def _form(tensor: npt.NDArray[Any]) -> str:
    return f"{tensor.dtype} of shape {[*tensor.shape]}"


def _difference(found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> _Difference:
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    finite = np.isfinite(expected)
    if same.all() and not finite.any():
        return _NOTHING_COMPARED
    with np.errstate(invalid="ignore"):
        gaps = np.where(same, 0, np.abs(found.astype(np.float64) - expected.astype(np.float64)))
    gaps = np.nan_to_num(gaps, nan=np.inf, posinf=np.inf)  # a number on one side only
    scale = np.abs(expected[finite].astype(np.float64)).max(initial=SMALLEST_SCALE)
    at = gaps.argmax()
    return _Difference(float(gaps.flat[at] / scale), float(found.flat[at]), float(expected.flat[at]))
