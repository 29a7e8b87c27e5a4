from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from kuzov.engine.agreement import OPEN_SIZE, disagreement
from kuzov.network import Tensors
from kuzov.records import Signature, TensorSpec

Array = npt.NDArray[Any]


@dataclass
class Stub:
    """An engine that computes y of x, and keeps what it was asked."""

    compute: Callable[[Array], Any]
    dtype: str = "DT_FLOAT"
    shape: tuple[int, ...] = (-1, 4)
    precision: str = "f32"
    name: str = "a stub"
    asked: list[Array] = field(default_factory=list)

    @property
    def signatures(self) -> dict[str, Signature]:
        x = TensorSpec(dtype=self.dtype, shape=self.shape, name="x:0")
        return {"serving_default": Signature(inputs={"x": x}, outputs={}, method_name="")}

    def network(self, signature: str) -> str:
        return signature

    def prepare(self, _signature: str, inputs: Tensors) -> Tensors:
        return inputs

    def infer(self, _network: str, tensors: Tensors) -> Tensors:
        self.asked.append(tensors["x"])
        return {"y": np.asarray(self.compute(tensors["x"]))}

    def finish(self, _signature: str, outputs: Tensors) -> dict[str, Array]:
        return dict(outputs)


def differs(found: Callable[[Array], Any], expected: Callable[[Array], Any], precision: str = "f32") -> str:
    openvino: Any = Stub(found, precision=precision)
    tensorflow: Any = Stub(expected)
    return disagreement(openvino, tensorflow)


def asked(dtype: str, shape: tuple[int, ...] = (-1, 4)) -> list[Array]:
    engine: Any = Stub(lambda x: x * 1, dtype, shape)
    assert disagreement(engine, engine) == ""
    return engine.asked[::2]  # type: ignore[no-any-return]


def test_several_rows_of_images_and_features_are_tried() -> None:
    images = asked("DT_FLOAT", (-1, -1, 8, 3))
    assert [each.shape for each in images] == [(rows, OPEN_SIZE, 8, 3) for rows in (1, 2, 3)] * 3
    assert {each.dtype.name for each in images} == {"float32"}
    lows, highs = ([round(float(f(each)), 1) for each in images[::3]] for f in (np.min, np.max))
    assert (lows, highs) == ([0.0, -3.0, 0.0], [1.0, 3.0, 255.0])
    assert [each.tobytes() for each in asked("DT_FLOAT")] == [each.tobytes() for each in asked("DT_FLOAT")]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64"])
def test_whole_numbers_may_be_any_of_their_type(dtype: str) -> None:
    found = asked(f"DT_{dtype.upper()}", (-1, 10_000))
    assert {each.dtype.name for each in found} == {dtype}
    known = np.iinfo(dtype)
    assert max(each.max() for each in found) > 0.9 * known.max
    assert min(each.min() for each in found) <= 0.9 * known.min
    assert found[0].max() == 1
    assert found[-1].max() == min(255, known.max)


def test_numbers_that_are_no_tensor_and_truths_are_tried_too() -> None:
    assert {each.shape for each in asked("DT_FLOAT", ())} == {()}
    assert {*np.concatenate(asked("DT_BOOL")).ravel().tolist()} == {False, True}


@pytest.mark.parametrize(
    ("found", "expected", "told"),
    [
        (lambda x: x, lambda x: x, ""),
        (lambda x: x * 1.0005, lambda x: x, ""),
        (lambda x: x * 0 + 1.1, lambda x: x * 0 + 1, "its output y has at worst 1.1 instead of 1"),
        (lambda x: x.astype(int), lambda x: x.astype(np.int32), "its output y is int64 of shape [1, 4]"),
        (
            lambda x: x[0],
            lambda x: x,
            "its output y is float32 of shape [4] instead of float32 of shape [1, 4]",
        ),
        (lambda x: x * np.nan, lambda x: x * np.nan, "its output y has no finite number to compare"),
        (lambda x: x * np.nan, lambda x: x * 0, "its output y has at worst nan instead of 0"),
        (lambda x: x * 0, lambda x: x * np.nan, "its output y has at worst 0 instead of nan"),
        (lambda x: np.where(x < 1, x, np.inf), lambda x: np.where(x < 1, x, np.inf), ""),
        (lambda x: x[:0], lambda x: x[:0], "its output y has no finite number to compare"),
    ],
)
def test_answers_are_compared(found: Callable[[Array], Any], expected: Any, told: str) -> None:
    assert differs(found, expected).startswith(told)
    assert bool(told) == bool(differs(found, expected))


def test_bfloat16_may_be_further_away() -> None:
    def off(x: Array) -> Array:
        return x * np.float32(1.01)

    assert differs(off, lambda x: x, "bf16") == ""
    assert differs(off, lambda x: x, "f32").startswith("its output y has at worst ")
