from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kuzov.errors import RequestError
from kuzov.serve.rest.json_tensors import check_value, regular_tensor, shape_of, string_bytes
from tests.errors import raises


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (1, "DT_FLOAT", np.float32(1)),
        ([[1, 2.5]], "DT_DOUBLE", np.array([[1, 2.5]])),
        ([[], []], "DT_INT64", np.zeros((2, 0), np.int64)),
        ([-1], "DT_INT16", np.array([-1], np.int16)),
        ([[True]], "DT_BOOL", np.array([[True]])),
    ],
)
def test_regular_values(value: Any, dtype: str, expected: Any) -> None:
    tensor = regular_tensor(value, dtype)
    assert tensor is not None
    np.testing.assert_array_equal(tensor, expected, strict=True)


@pytest.mark.parametrize("value", [[[1], [2, 3]], [[1], 2], [1, [2]], [[], [1]], ["1"], [True], [None]])
def test_a_value_that_is_no_tensor_is_explained(value: Any) -> None:
    assert regular_tensor(value, "DT_FLOAT") is None
    with pytest.raises(RequestError):
        check_value(value, shape_of(value), "DT_FLOAT")


def test_an_integer_beyond_a_double() -> None:
    assert regular_tensor([10**400], "DT_FLOAT") is None
    with raises(RequestError, "JSON Parse error: Number too big to be stored in double."):
        check_value([10**400], (1,), "DT_FLOAT")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\udcff", b"a\xff"),
        ({"b64": "/9g="}, b"\xff\xd8"),
        ({"b64": "/9g"}, b"\xff\xd8"),
        ({"b64": " /9\ng = "}, b"\xff\xd8"),
        ({"b64": ""}, b""),
    ],
)
def test_strings(value: Any, expected: bytes) -> None:
    assert string_bytes(value) == expected


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("\ud83d", "JSON Parse error: The surrogate pair in string is invalid."),
        ({"b64": "_9g="}, "Unable to base64 decode"),
        ({"b64": "я"}, "Unable to base64 decode"),
        ({"b64": 1}, 'JSON Value: {\n    "b64": 1\n} not formatted correctly for base64 data'),
    ],
)
def test_strings_that_are_none(value: Any, error: str) -> None:
    with raises(RequestError, error):
        string_bytes(value)
