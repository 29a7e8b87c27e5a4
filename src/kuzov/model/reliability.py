"""Whether probabilities mean what they say: confidence against accuracy, bin by bin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kuzov.model.calibration import Probabilities
from kuzov.model.head import Labels

BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Photos of about the same confidence.

    Attributes:
        confidence: Mean probability of their answers, 0..1.
        right: How many of the answers are right.
        photos: How many there are, at least one.
    """

    confidence: float
    right: int
    photos: int

    @property
    def accuracy(self) -> float:
        """Part of the answers that are right, 0..1."""
        return self.right / self.photos


def reliability(probabilities: Probabilities, labels: Labels) -> list[Bin]:
    """Ten bins of equally many photos, the least sure first.

    Bins of equal mass, as with few photos bins of equal width are mostly empty (Nixon et al., "Measuring
    Calibration in Deep Learning", 2019).

    Args:
        probabilities: (N, C), N at least 1; with fewer than ten photos each is a bin.
        labels: True columns, (N,).
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.array_split(np.argsort(confidence, kind="stable"), min(BINS, len(labels)))
    return [
        Bin(confidence=float(confidence[rows].mean()), right=int(right[rows].sum()), photos=len(rows))
        for rows in bins
    ]


def expected_calibration_error(probabilities: Probabilities, labels: Labels) -> float:
    """Mean gap between confidence and accuracy over the bins of `reliability`, 0..1."""
    bins = reliability(probabilities, labels)
    return float(sum(each.photos * abs(each.confidence - each.accuracy) for each in bins) / len(labels))
