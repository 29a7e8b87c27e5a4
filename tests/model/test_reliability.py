from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from kuzov.model.reliability import Bin, expected_calibration_error, reliability


def test_bins_of_equally_many_photos_by_hand() -> None:
    confidence = np.array([0.9, 0.6, *[0.75] * 18])  # the surest photo and the least sure one come first
    right = [True, False, *[True] * 18]
    bins = reliability(np.stack([confidence, 1 - confidence], axis=1), np.where(right, 0, 1))
    assert [each.photos for each in bins] == [2] * 10
    assert bins[0] == Bin(confidence=(0.6 + 0.75) / 2, right=1, photos=2)
    assert bins[-1] == Bin(confidence=(0.75 + 0.9) / 2, right=2, photos=2)
    assert [each.accuracy for each in bins] == [0.5] + [1.0] * 9


def test_each_of_a_few_photos_is_a_bin() -> None:
    bins = reliability(np.array([[0.7, 0.3], [0.2, 0.8], [0.4, 0.6]]), np.array([0, 0, 1]))
    assert [(each.confidence, each.accuracy, each.photos) for each in bins] == [
        (0.6, 1.0, 1), (0.7, 1.0, 1), (0.8, 0.0, 1)
    ]  # fmt: skip


@pytest.mark.parametrize("photos", [1, 7, 10, 45, 173])
def test_the_gaps_come_to_the_calibration_error(photos: int) -> None:
    rng = np.random.default_rng(photos)
    probabilities, labels = softmax(rng.normal(size=(photos, 4)), axis=1), rng.integers(0, 4, photos)
    bins = reliability(probabilities, labels)
    assert sum(each.photos for each in bins) == photos
    error = sum(each.photos * abs(each.confidence - each.accuracy) for each in bins) / photos
    assert error == pytest.approx(expected_calibration_error(probabilities, labels), abs=1e-12)


def rows(confidences: list[float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Answers for class 0 of two, with these probabilities."""
    return np.array([[each, 1 - each] for each in confidences])


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
    found = expected_calibration_error(rows(confidences), np.array(labels, np.int64))
    assert found == pytest.approx(error, abs=1e-12)


def test_calibration_error_does_not_depend_on_the_order() -> None:
    rng = np.random.default_rng(0)
    scores, labels = softmax(rng.normal(size=(200, 4)), axis=1), rng.integers(0, 4, 200)
    order = rng.permutation(200)
    assert expected_calibration_error(scores[order], labels[order]) == pytest.approx(
        expected_calibration_error(scores, labels)
    )
