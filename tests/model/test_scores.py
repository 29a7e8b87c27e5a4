from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from scipy.special import softmax

from kuzov.model.scores import (
    expected_calibration_error,
    judge_classes,
    proportion,
    reliability_bins,
    sign_test,
    wilson_interval,
)
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
def test_a_proportion_has_wilsons_interval(right: int, total: int, low: float, high: float) -> None:
    interval = wilson_interval(right, total)
    assert interval == pytest.approx((low, high), abs=1e-6)
    assert 0 <= interval[0] <= interval[1] <= 1
    expected = Validation(right=right, total=total, accuracy=right / total, interval=interval)
    assert proportion(right, total) == expected


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


def test_bins_of_equally_many_photos_by_hand() -> None:
    confidence = np.array([0.9, 0.6, *[0.75] * 18])  # the surest photo and the least sure one come first
    right = [True, False, *[True] * 18]
    bins = reliability_bins(np.stack([confidence, 1 - confidence], axis=1), np.where(right, 0, 1))
    assert [each.photos for each in bins] == [2] * 10
    first, last = wilson_interval(1, 2), wilson_interval(2, 2)
    assert bins[0] == Bin(confidence=(0.6 + 0.75) / 2, accuracy=0.5, interval=first, photos=2)
    assert bins[-1] == Bin(confidence=(0.75 + 0.9) / 2, accuracy=1.0, interval=last, photos=2)
    assert [each.accuracy for each in bins] == [0.5] + [1.0] * 9


def test_each_of_a_few_photos_is_a_bin() -> None:
    bins = reliability_bins(np.array([[0.7, 0.3], [0.2, 0.8], [0.4, 0.6]]), np.array([0, 0, 1]))
    assert [(each.confidence, each.accuracy, each.photos) for each in bins] == [
        (0.6, 1.0, 1), (0.7, 1.0, 1), (0.8, 0.0, 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("confidences", "labels", "error"),
    [
        ([1.0] * 4, [0] * 4, 0.0),  # sure and right
        ([1.0] * 4, [1] * 4, 1.0),  # sure and wrong
        ([0.8], [0], 0.2),
        ([0.6, 0.9], [1, 0], (0.6 + 0.1) / 2),  # each photo is a bin
        # Twenty photos are ten bins of two: 19 of them right, the least sure wrong.
        ([0.5] + [0.75] * 19, [1] + [0] * 19, (abs(0.625 - 0.5) * 2 + 9 * 2 * 0.25) / 20),
        # Eleven photos: the first bin has two.
        ([0.6, 0.7] + [0.9] * 9, [1, 0] + [0] * 9, (2 * abs(0.65 - 0.5) + 9 * 0.1) / 11),
    ],
)
def test_calibration_error_by_hand(confidences: list[float], labels: list[int], error: float) -> None:
    scores = np.array([[each, 1 - each] for each in confidences])
    found = expected_calibration_error(scores, np.array(labels, np.int64))
    assert found == pytest.approx(error, abs=1e-12)


def test_calibration_error_does_not_depend_on_the_order() -> None:
    rng = np.random.default_rng(0)
    scores, labels = softmax(rng.normal(size=(200, 4)), axis=1), rng.integers(0, 4, 200)
    order = rng.permutation(200)
    assert expected_calibration_error(scores[order], labels[order]) == pytest.approx(
        expected_calibration_error(scores, labels)
    )


# The binomial tails by hand: 0.5**6, (1 + 6) * 0.5**6, …
@pytest.mark.parametrize(
    ("fewer", "more", "p"), [(0, 0, 1), (0, 1, 1 / 2), (3, 3, 42 / 64), (0, 6, 1 / 64), (1, 5, 7 / 64)]
)
def test_sign_test(fewer: int, more: int, p: float) -> None:
    assert sign_test(fewer, more) == p
