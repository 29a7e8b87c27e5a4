from __future__ import annotations

import numpy as np
import pytest

from kuzov.model.scores import judge_classes, proportion, reliability_bins, wilson_interval


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
    assert confusion == [[2, 1, 0], [0, 1, 0], [1, 0, 1]]
    assert rows == [
        {
            "precision": pytest.approx(2 / 3),
            "recall": pytest.approx(2 / 3),
            "f1": pytest.approx(2 / 3),
            "photos": 3,
        },
        {"precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3), "photos": 1},
        {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "photos": 2},
    ]


def test_a_class_that_is_never_answered_scores_nothing() -> None:
    confusion, rows = judge_classes(np.eye(3)[[0, 0]], np.array([0, 1]))
    assert confusion == [[1, 0, 0], [1, 0, 0], [0, 0, 0]]
    assert rows[1] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "photos": 1.0}
    assert rows[2] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "photos": 0.0}


def test_a_proportion_as_json() -> None:
    assert proportion(44, 45) == {
        "right": 44,
        "total": 45,
        "accuracy": 44 / 45,
        "interval": list(wilson_interval(44, 45)),
    }


def test_bins_as_json() -> None:
    probabilities = np.array([[0.6, 0.4], [0.1, 0.9]])
    assert reliability_bins(probabilities, np.array([1, 1])) == [
        {"confidence": 0.6, "accuracy": 0.0, "interval": list(wilson_interval(0, 1)), "photos": 1},
        {"confidence": 0.9, "accuracy": 1.0, "interval": list(wilson_interval(1, 1)), "photos": 1},
    ]
