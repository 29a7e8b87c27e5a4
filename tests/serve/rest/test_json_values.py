from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuzov.serve.rest.json_values import floats_json, rows_json, tensor_json, text_json


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (3, "3.0"),
        (-0.0, "-0.0"),
        (2.1, "2.1"),
        (0.2, "0.2"),
        (9_000_000, "9e+06"),
        (0.00003, "3e-05"),
        (555557.5, "555557.5"),
        (16777216, "16777216.0"),
        (1 / 3, "0.333333343"),
        (1e-45, "1.4013e-45"),
        (3.4028235e38, "3.40282347e+38"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_a_float(number: float, text: str) -> None:
    assert floats_json(np.array(number, np.float32)) == [text]


@pytest.mark.parametrize(
    ("number", "text"), [(1 / 3, "0.33333333333333331"), (0.1, "0.1"), (1e300, "1e+300"), (-1e17, "-1e+17")]
)
def test_a_double(number: float, text: str) -> None:
    assert floats_json(np.array(number)) == [text]


@given(st.lists(st.floats(width=32, allow_nan=False)))
def test_floats_come_back_exactly(numbers: list[float]) -> None:
    back = [float(text) for text in floats_json(np.array(numbers, np.float32))]
    assert struct.pack(f"{len(back)}f", *back) == struct.pack(f"{len(numbers)}f", *numbers)


@given(st.lists(st.floats(allow_nan=False)))
def test_doubles_come_back_exactly(numbers: list[float]) -> None:
    back = [float(text) for text in floats_json(np.array(numbers, np.float64))]
    assert struct.pack(f"{len(back)}d", *back) == struct.pack(f"{len(numbers)}d", *numbers)


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0), (0, 2), (2, 3), (2, 0, 3), (2, 1, 3)])
def test_lists_are_nested_as_the_tensor_is(shape: tuple[int, ...]) -> None:
    tensor = np.arange(np.prod(shape), dtype=np.int64).reshape(shape)
    assert json.loads(tensor_json("x", tensor)) == tensor.tolist()
    if shape:
        assert [json.loads(row) for row in rows_json("x", tensor)] == tensor.tolist()


def test_strings_and_bytes() -> None:
    tensor = np.array([b'a"\x00\xd0\xb1', b""], np.object_)
    assert tensor_json("label", tensor) == '["a\\"\\u0000б", ""]'
    assert tensor_json("label_bytes", tensor) == '[{"b64": "YSIA0LE="}, {"b64": ""}]'


def test_broken_utf8_is_replaced() -> None:
    assert text_json(b"\xff") == '"\ufffd"'
