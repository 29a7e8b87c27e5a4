from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from kuzov.records import TensorSpec
from kuzov.serve.rest import json_numbers
from kuzov.serve.rest.json_numbers import read_numbers
from kuzov.serve.rest.json_tensors import Tensor


def specs(**dtypes: str) -> dict[str, TensorSpec]:
    return {name: TensorSpec(dtype=f"DT_{dtype}", shape=None, name=name) for name, dtype in dtypes.items()}


X = specs(x="FLOAT")


def read(body: str | bytes, expected: Mapping[str, TensorSpec] = X) -> dict[str, Tensor] | None:
    request = read_numbers(body.encode() if isinstance(body, str) else body)
    assert request is not None
    return request.tensors(expected)


@pytest.fixture
def _short_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_numbers, "MIN_ROW_BYTES", 0)


def test_a_photo() -> None:
    body = '{"signature_name": "serving_default", "instances": [[[[0, 127.5], [2e2, -1]]]]}\n'
    request = read_numbers(body.encode())
    assert request is not None
    assert request.signature_name == "serving_default"
    assert request.in_rows
    tensors = request.tensors(X)
    assert tensors is not None
    np.testing.assert_array_equal(
        tensors["x"], np.array([[[[0, 127.5], [200, -1]]]], np.float32), strict=True
    )


@pytest.mark.parametrize(
    ("dtype", "text", "expected"),
    [
        ("FLOAT", "[0.1, 1e39, -0]", np.array([0.1, np.inf, 0], np.float32)),
        ("DOUBLE", "[[0.1], [18446744073709551615]]", np.array([[0.1], [2**64]], np.float64)),
        ("INT32", "[-2147483648, 2147483647]", np.array([-(2**31), 2**31 - 1], np.int32)),
        ("UINT8", "[300]", np.array([44], np.uint8)),
        ("INT64", "[9223372036854775807]", np.array([2**63 - 1], np.int64)),
        ("UINT32", "[4294967295]", np.array([2**32 - 1], np.uint32)),
    ],
)
def test_types(dtype: str, text: str, expected: Tensor) -> None:
    tensors = read(f'{{"inputs": {text}}}', specs(x=dtype))
    assert tensors is not None
    np.testing.assert_array_equal(tensors["x"], expected, strict=True)


@pytest.mark.usefixtures("_short_rows")
def test_named_inputs() -> None:
    two = specs(a="FLOAT", b="INT32")
    columns = read('{"inputs": {"b": [[1, 2]], "a": [3]}}', two)
    rows = read('{"instances": [{"b": [1, 2], "a": [3]}, {"a": [4], "b": [5, 6]}]}', two)
    assert columns is not None
    assert rows is not None
    assert {name: tensor.tolist() for name, tensor in columns.items()} == {"a": [3], "b": [[1, 2]]}
    assert {name: tensor.tolist() for name, tensor in rows.items()} == {
        "a": [[3], [4]],
        "b": [[1, 2], [5, 6]],
    }


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[1]",
        "{}",
        '{"instances": [1], "other": 2}',
        '{"instances": [1], "inputs": [1]}',
        '{"instances": [1], "instances": [2]}',
        '{"signature_name": 1, "instances": [1]}',
        '{"signature_name": "[", "signature_name": "s", "instances": [1]}',
        '{"instances": [1]} trailing',
        '{"instances": [NaN]}',
        '{"instances": [1e400]}',
        '{"instances": [18446744073709551616]}',
        b'{"signature_name": "\xff", "instances": [1]}',
        f'{{"instances": {"[" * 2000}{"]" * 2000}}}',
    ],
)
def test_a_request_for_the_slower_parser(body: str | bytes) -> None:
    assert read_numbers(body.encode() if isinstance(body, str) else body) is None


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ("1", "FLOAT"),
        ("[]", "FLOAT"),
        ("[[], []]", "FLOAT"),
        ("[[1, 2], [3]]", "FLOAT"),
        ("[[1, 2], 3, 4]", "FLOAT"),
        ("[[[1], [2]], [[3, 4]]]", "FLOAT"),
        ("[1, [2]]", "FLOAT"),
        ("[true]", "FLOAT"),
        ("[null]", "FLOAT"),
        ('["1"]', "FLOAT"),
        ('[{"b64": "YQ=="}]', "FLOAT"),
        ('[[1], {"x": [1]}]', "FLOAT"),
        ('[{"x": [1]}, [1]]', "FLOAT"),
        ('[{"x": [1]}, {"x": [1, 2]}]', "FLOAT"),
        ('[{"x": [1], "z": [1]}]', "FLOAT"),
        ('[{"x": [1], "x": [1]}]', "FLOAT"),
        ('[{"x": 1}]', "FLOAT"),
        ("[1.0]", "INT32"),
        ("[2147483648]", "INT32"),
        ("[9223372036854775808]", "UINT64"),
        ("[1]", "STRING"),
        ("[1]", "HALF"),
        ("[1]", "BOOL"),
        (f"{'[' * 33}1{']' * 33}", "FLOAT"),
    ],
)
@pytest.mark.usefixtures("_short_rows")
def test_values_for_the_slower_parser(values: str, dtype: str) -> None:
    assert read(f'{{"instances": {values}}}', specs(x=dtype)) is None


def test_structure_in_a_string_is_for_the_slower_parser() -> None:
    assert read_numbers(b'{"signature_name": "a,b", "instances": [1]}') is None
    assert read('{"inputs": {"a,b": [1]}}', {"a,b": X["x"]}) is None


def test_a_shape_that_the_text_cannot_hold_costs_no_memory() -> None:
    first = "[" * 30 + "0" + "]" * 30
    assert read(f'{{"instances": [{first}{", 0" * 1000}]}}') is None


def test_short_rows_are_for_the_slower_parser() -> None:
    assert read('{"instances": [{"x": [1]}]}') is None


def test_an_unread_request_does_no_harm_to_the_next() -> None:
    unread = read_numbers(b'{"instances": [1]}')
    tensors = [read(f'{{"instances": [{number}]}}') for number in range(10)]
    assert [each and each["x"].tolist() for each in tensors] == [[number] for number in range(10)]
    assert unread is not None
    assert unread.tensors(X) is not None


def test_a_parser_of_a_long_text_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_numbers, "MAX_KEPT_BYTES", 100)
    idle: Any = json_numbers._idle
    idle.clear()
    assert read('{"instances": [1]}') is not None
    assert len(idle) == 1
    assert read(f'{{"instances": [1]}}{" " * 100}') is not None
    gc.collect()
    assert len(idle) == 0
