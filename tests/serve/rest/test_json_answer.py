from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuzov.serve.rest.json_answer import (
    classify_json,
    error_json,
    floats_json,
    predict_json,
    rows_json,
    tensor_json,
    text_json,
)
from kuzov.serve.rest.json_request import Form


def test_several_outputs() -> None:
    outputs = {"a": np.array([1, 2]), "b_bytes": np.array([b"", b"hi"], np.object_)}
    assert predict_json(outputs, Form.ROW) == (
        b'{"predictions": [{"a": 1, "b_bytes": {"b64": ""}}, {"a": 2, "b_bytes": {"b64": "aGk="}}]}'
    )
    assert predict_json(outputs, Form.COLUMN) == (
        b'{"outputs": {"a": [1, 2], "b_bytes": [{"b64": ""}, {"b64": "aGk="}]}}'
    )


def test_no_rows() -> None:
    assert predict_json({"a": np.zeros((0, 2), np.float32)}, Form.ROW) == b'{"predictions": []}'
    several = {"a": np.zeros((0, 2), np.float32), "b": np.zeros(0, np.object_)}
    assert predict_json(several, Form.ROW) == b'{"predictions": []}'


def test_classes() -> None:
    results: list[list[tuple[bytes, float]]] = [[(b"cat", 0.1), ("собака".encode(), 1 / 3)], [(b"", 0)], []]
    assert classify_json(results).decode() == (
        '{"results": [[["cat", 0.1], ["собака", 0.333333343]], [["", 0.0]], []]}'
    )


def test_an_error_can_quote_anything() -> None:
    assert error_json('a "\ud83d"') == rb'{"error": "a \"\ud83d\""}'


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
