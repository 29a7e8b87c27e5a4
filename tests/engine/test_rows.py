from __future__ import annotations

import numpy as np
import pytest

from kuzov.engine.engine import Tensors
from kuzov.engine.rows import rows_stay_apart
from kuzov.errors import ErrorCode, RequestError
from kuzov.records import TensorSpec


def of_shape(*shape: int) -> dict[str, TensorSpec]:
    return {"x": TensorSpec(dtype="DT_FLOAT", shape=shape, name="x:0")}


def halve(tensors: Tensors) -> Tensors:
    return {"y": tensors["x"] / 2}


def centre(tensors: Tensors) -> Tensors:
    return {"y": tensors["x"] - tensors["x"].mean(axis=0)}


def add_up(tensors: Tensors) -> Tensors:
    return {"y": tensors["x"].sum()[np.newaxis]}


def refuse(_tensors: Tensors) -> Tensors:
    raise RequestError(ErrorCode.INVALID, "nothing is right")


def test_rows_that_are_computed_each_for_itself() -> None:
    assert rows_stay_apart(halve, of_shape(-1, 3))


@pytest.mark.parametrize("compute", [centre, add_up, refuse])
def test_rows_that_touch_each_other(compute: object) -> None:
    assert not rows_stay_apart(compute, of_shape(-1, 3))  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(3,), (), (-1, -1)])
def test_shapes_that_can_not_be_tried(shape: tuple[int, ...]) -> None:
    assert not rows_stay_apart(halve, of_shape(*shape))
