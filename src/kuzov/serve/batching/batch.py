"""Rows of several requests as one batch, and its outputs cut apart again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kuzov.errors import ErrorCode, RequestError
from kuzov.network import Tensors


def rows_of(tensors: Tensors) -> int | None:
    """The number of rows that all tensors have; None where they have none, or not the same."""
    counts = {len(each) if each.ndim else -1 for each in tensors.values()}
    count = counts.pop() if len(counts) == 1 else -1
    return None if count < 0 else count


def same_rows(one: Tensors, other: Tensors) -> bool:
    """Whether the rows of two requests, which name the same tensors, are of the same shapes and types."""
    return all(
        tensor.shape[1:] == other[name].shape[1:] and tensor.dtype == other[name].dtype
        for name, tensor in one.items()
    )


def cut(tensors: Tensors, rows: int) -> list[Tensors]:
    """A request in pieces of at most so many rows."""
    total = rows_of(tensors) or 0
    return [
        {name: tensor[start : start + rows] for name, tensor in tensors.items()}
        for start in range(0, total, rows)
    ]


def join(parts: Sequence[Tensors], padding: int = 0) -> Tensors:
    """Several requests whose rows go together as one, with copies of the last one's first row after them."""
    if len(parts) == 1 and not padding:
        return parts[0]
    return {
        name: np.concatenate([*(part[name] for part in parts), *[parts[-1][name][:1]] * padding])
        for name in parts[0]
    }


def split(outputs: Tensors, rows: Sequence[int], padding: int = 0) -> list[dict[str, npt.NDArray[Any]]]:
    """A batch's outputs by request, each with its number of rows; the padding after them is left out.

    Raises:
        RequestError: FAILED_PRECONDITION: an output has not a row for every row of the batch.
    """
    total = sum(rows) + padding
    for name, output in outputs.items():
        if not output.ndim or len(output) != total:
            raise RequestError(
                ErrorCode.FAILED_PRECONDITION,
                f"Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of "
                f"the input tensors: {name} is of shape {list(output.shape)} for {total} rows.",
            )
    parts: list[dict[str, npt.NDArray[Any]]] = []
    start = 0
    for count in rows:
        parts.append({name: output[start : start + count] for name, output in outputs.items()})
        start += count
    return parts
