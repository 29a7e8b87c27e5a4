from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from kuzov.model.scores import judge_classes, proportion, reliability_bins, wilson_interval
from kuzov.run_metrics import Bin, ClassScores, Validation


# By scipy.stats.binomtest(right, total).proportion_ci(method="wilson"), rounded.
@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [
        (44, 45, 0.8843332, 0.9960664),
        (45, 45, 0.9213484, 1.0),
        (0, 45, 0.0, 0.0786516),
        (41, 45, 0.7926642, 0.9648889),
        (5, 10, 0.2365931, 0.7634069),
        (1, 1, 0.2065493, 1.0),
    ],
)
def test_wilson_interval(right: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(right, total) == pytest.approx((low, high), abs=1e-6)
    assert 0 <= wilson_interval(right, total)[0] <= wilson_interval(right, total)[1] <= 1


def test_classes_are_judged_by_hand() -> None:
    logits = np.eye(3)[[0, 0, 1, 1, 2, 0]]
    confusion, rows = judge_classes(logits, np.array([0, 0, 0, 1, 2, 2]))
    assert confusion == ((2, 1, 0), (0, 1, 0), (1, 0, 1))
    assert [astuple(each) for each in rows] == [
        (pytest.approx(2 / 3), pytest.approx(2 / 3), pytest.approx(2 / 3), 3),
        (0.5, 1.0, pytest.approx(2 / 3), 1),
        (1.0, 0.5, pytest.approx(2 / 3), 2),
    ]


def test_a_class_that_is_never_answered_scores_nothing() -> None:
    confusion, rows = judge_classes(np.eye(3)[[0, 0]], np.array([0, 1]))
    assert confusion == ((1, 0, 0), (1, 0, 0), (0, 0, 0))
    assert rows[1] == ClassScores(precision=0.0, recall=0.0, f1=0.0, photos=1)
    assert rows[2] == ClassScores(precision=0.0, recall=0.0, f1=0.0, photos=0)


def test_a_proportion() -> None:
    interval = wilson_interval(44, 45)
    assert proportion(44, 45) == Validation(right=44, total=45, accuracy=44 / 45, interval=interval)


def test_bins() -> None:
    probabilities = np.array([[0.6, 0.4], [0.1, 0.9]])
    assert reliability_bins(probabilities, np.array([1, 1])) == (
        Bin(confidence=0.6, accuracy=0.0, interval=wilson_interval(0, 1), photos=1),
        Bin(confidence=0.9, accuracy=1.0, interval=wilson_interval(1, 1), photos=1),
    )
