from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest

from kuzov.errors import RequestError
from kuzov.serve.json_tensors import check_value, regular_tensor, shape_of


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
    with pytest.raises(RequestError) as caught:
        check_value([10**400], (1,), "DT_FLOAT")
    assert str(caught.value) == "JSON Parse error: Number too big to be stored in double."


def test_an_image_is_read_quickly() -> None:
    image = np.random.default_rng(7).integers(0, 256, (1, 224, 224, 3)).astype(np.float32)
    value = json.loads(json.dumps(image.tolist()))
    start = time.perf_counter()
    tensor = regular_tensor(value, "DT_FLOAT")
    assert time.perf_counter() - start < 0.5  # some 20 ms on an idle machine
    assert tensor is not None
    np.testing.assert_array_equal(tensor, image, strict=True)
