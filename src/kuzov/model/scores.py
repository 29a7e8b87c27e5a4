"""How good answers are: a proportion with its interval, true probabilities, each class by itself."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from kuzov.model.calibration import Probabilities
from kuzov.model.head import Labels
from kuzov.run_metrics import Bin, ClassScores, Validation

NORMAL_QUANTILE_95 = 1.959963984540054
BINS = 10


def wilson_interval(right: int, total: int) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson, "Probable Inference", 1927); true at 0 and 1 too."""
    z2 = NORMAL_QUANTILE_95**2
    centre = (right + z2 / 2) / (total + z2)
    half = NORMAL_QUANTILE_95 * math.sqrt(right * (total - right) / total + z2 / 4) / (total + z2)
    return max(0.0, centre - half), min(1.0, centre + half)


def sign_test(fewer: int, more: int) -> float:
    """How often, 0..1, the worse of two equally good models is alone right on so few photos, or on fewer.

    One-sided, and exact by the binomial distribution, as such photos are few (McNemar, "Note on the sampling
    error of the difference between correlated proportions or percentages", 1947).

    Args:
        fewer: Photos on which it alone is right.
        more: Those on which the other one alone is.
    """
    differing = fewer + more
    return float(sum(math.comb(differing, count) for count in range(fewer + 1)) / 2**differing)


def proportion(right: int, total: int) -> Validation:
    """How many of how many answers are right, with the accuracy and its 95 % interval."""
    return Validation(
        right=right, total=total, accuracy=right / total, interval=wilson_interval(right, total)
    )


def reliability_bins(probabilities: Probabilities, labels: Labels) -> tuple[Bin, ...]:
    """Confidence against accuracy in ten bins of equally many photos, the least sure first.

    Bins of equal mass, as with few photos bins of equal width are mostly empty (Nixon et al., "Measuring
    Calibration in Deep Learning", 2019).

    Args:
        probabilities: (N, C), N at least 1; with fewer than ten photos each is a bin.
        labels: True columns, (N,).
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.array_split(np.argsort(confidence, kind="stable"), min(BINS, len(labels)))
    return tuple(
        Bin(
            confidence=float(confidence[rows].mean()),
            accuracy=float(right[rows].mean()),
            interval=wilson_interval(int(right[rows].sum()), len(rows)),
            photos=len(rows),
        )
        for rows in bins
    )


def expected_calibration_error(probabilities: Probabilities, labels: Labels) -> float:
    """Mean gap between confidence and accuracy over the bins of `reliability_bins`, 0..1."""
    bins = reliability_bins(probabilities, labels)
    return sum(each.photos * abs(each.confidence - each.accuracy) for each in bins) / len(labels)


def judge_classes(
    scores: npt.NDArray[np.float64], labels: Labels
) -> tuple[tuple[tuple[int, ...], ...], tuple[ClassScores, ...]]:
    """Confusion matrix (rows true, columns predicted), and precision, recall, F1, photos of each class.

    Args:
        scores: Logits or probabilities, (N, C); the largest is the answer.
        labels: True columns, (N,).
    """
    confusion = np.zeros((scores.shape[1],) * 2, np.int64)
    np.add.at(confusion, (labels, scores.argmax(axis=1)), 1)
    right, photos, answers = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    rows = tuple(
        ClassScores(
            precision=float(hits / max(answered, 1)),
            recall=float(hits / max(shown, 1)),
            f1=float(2 * hits / max(shown + answered, 1)),
            photos=int(shown),
        )
        for hits, shown, answered in zip(right, photos, answers, strict=True)
    )
    return tuple(map(tuple, confusion.tolist())), rows
