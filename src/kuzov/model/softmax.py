"""Sums of exponents of any size, along rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float64]


def log_sum_exp(rows: Rows) -> Rows:
    """The logarithm of the sum of exponents of each row: (N, C) to (N,)."""
    largest = rows.max(axis=1, keepdims=True)
    sums: Rows = np.log(np.exp(rows - largest).sum(axis=1)) + largest[:, 0]
    return sums


def log_softmax(rows: Rows) -> Rows:
    """Logarithms of the softmax of each row, (N, C)."""
    logs: Rows = rows - log_sum_exp(rows)[:, np.newaxis]
    return logs


def softmax(rows: Rows) -> Rows:
    """Exponents of each row, (N, C), scaled to the sum of 1."""
    return np.asarray(np.exp(log_softmax(rows)))


def sigmoid(values: Rows) -> Rows:
    """1 / (1 + exp(-x)) of each value, of any shape."""
    return np.asarray((1 + np.tanh(values / 2)) / 2)
