"""Whether probabilities mean what they say: confidence against accuracy, bin by bin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kuzov.model.calibration import ECE_BINS, Probabilities
from kuzov.model.head import Labels


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
    """The bins of `expected_calibration_error`: ten of equally many photos, the least sure first.

    Args:
        probabilities: (N, C), N at least 1; with fewer than ten photos each is a bin.
        labels: True columns, (N,).
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.array_split(np.argsort(confidence, kind="stable"), min(ECE_BINS, len(labels)))
    return [
        Bin(confidence=float(confidence[rows].mean()), right=int(right[rows].sum()), photos=len(rows))
        for rows in bins
    ]
