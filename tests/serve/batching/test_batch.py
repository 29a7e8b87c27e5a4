from __future__ import annotations

import numpy as np
import pytest

from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.batching.batch import cut, join, rows_of, same_rows, split


def test_rows_are_counted_where_all_tensors_have_as_many() -> None:
    assert rows_of({"a": np.zeros((2, 3)), "b": np.zeros(2)}) == 2
    assert rows_of({"a": np.zeros((2, 3)), "b": np.zeros(1)}) is None
    assert rows_of({"a": np.zeros(())}) is None
    assert rows_of({}) is None
    assert rows_of({"a": np.zeros((0, 3))}) == 0


def test_rows_go_together_where_shapes_and_types_agree() -> None:
    photos = {"image": np.zeros((2, 4, 4, 3), np.float32)}
    assert same_rows(photos, {"image": np.zeros((1, 4, 4, 3), np.float32)})
    assert not same_rows(photos, {"image": np.zeros((2, 4, 5, 3), np.float32)})
    assert not same_rows(photos, {"image": np.zeros((2, 4, 4, 3), np.float64)})


def test_what_is_joined_is_split_again() -> None:
    parts = [{"x": np.arange(3).reshape(3, 1)}, {"x": np.arange(3, 5).reshape(2, 1)}]
    batch = join(parts)
    assert batch["x"].tolist() == [[0], [1], [2], [3], [4]]
    assert [part["x"].tolist() for part in split(batch, [3, 2])] == [[[0], [1], [2]], [[3], [4]]]


def test_one_request_is_not_copied() -> None:
    part = {"x": np.zeros((2, 1))}
    assert join([part]) is part


def test_padding_repeats_the_last_requests_first_row_and_is_left_out_again() -> None:
    batch = join([{"x": np.array([1])}, {"x": np.array([2, 3])}], padding=2)
    assert batch["x"].tolist() == [1, 2, 3, 2, 2]
    assert [part["x"].tolist() for part in split(batch, [1, 2], padding=2)] == [[1], [2, 3]]


def test_a_large_request_is_cut_into_pieces() -> None:
    pieces = cut({"x": np.arange(5), "y": np.arange(10).reshape(5, 2)}, 2)
    assert [piece["x"].tolist() for piece in pieces] == [[0, 1], [2, 3], [4]]
    assert [piece["y"].shape for piece in pieces] == [(2, 2), (2, 2), (1, 2)]


@pytest.mark.parametrize("output", [np.zeros(()), np.zeros((2, 3))])
def test_an_output_without_a_row_for_each_is_refused(
    output: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> None:
    with pytest.raises(RequestError) as caught:
        split({"sum": output}, [2, 1])
    assert caught.value.code is ErrorCode.FAILED_PRECONDITION
    assert str(caught.value) == (
        "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the "
        f"input tensors: sum is of shape {list(output.shape)} for 3 rows."
    )
