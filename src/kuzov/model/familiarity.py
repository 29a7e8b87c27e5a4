"""How familiar a photo is, and from there how surely it shows none of the classes.

A class is known by its prototype, the mean direction of its photos' features. A photo is familiar where its
direction is near a prototype and not as near to one of the car models in the background, which the backbone
has seen and the user has not asked for. What was tried instead stands in docs/adr/0008.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from kuzov.model.head import Features, Labels, directions, normalise

Array = npt.NDArray[np.float64]

# How softly the nearest models of the background are taken together, in units of the cosine.
SOFTNESS = 0.05
# A background model whose prototype is as near as this to a class's is that class itself.
SAME_MODEL_COSINE = 0.9
# `unknown` of a typical known photo: of the median of those that the threshold was learned on.
TYPICAL_UNKNOWN = 0.05
LEAST_SPREAD = 0.01
# `unknown` is a logistic curve through the threshold, so its own threshold is the middle.
UNKNOWN_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Prototypes:
    """Directions that photos are compared with; all columns have length 1.

    Attributes:
        classes: Of the classes, (D, C) float32.
        background: Of the other models, (D, M) float32; M may be 0.
    """

    classes: npt.NDArray[np.float32]
    background: npt.NDArray[np.float32]

    def familiarity(self, features: Features) -> Array:
        """How much nearer photos (N, D) are to the nearest class than to the background, (N,)."""
        shown = directions(features)
        nearest = (shown @ self.classes).max(axis=1).astype(np.float64)
        if not self.background.shape[1]:
            return np.asarray(nearest)
        others = (shown @ self.background).astype(np.float64)
        return np.asarray(nearest - SOFTNESS * logsumexp(others / SOFTNESS, axis=1))


def make_prototypes(
    features: Features, labels: Labels, *, classes: int, background: npt.NDArray[np.float32]
) -> Prototypes:
    """Learn the prototypes of the classes; background models that are one of them are left out.

    Args:
        features: As the backbone gives them, (N, D).
        labels: Column of each row's class, (N,); a class without rows gets a prototype that nothing is near.
        classes: Number of columns.
        background: Prototypes of other models, rows of length 1, (M, D).
    """
    sums = np.zeros((classes, features.shape[1]), np.float32)
    np.add.at(sums, labels, directions(features))
    prototypes = normalise(sums)
    strange = (background @ prototypes.T).max(axis=1) < SAME_MODEL_COSINE
    return Prototypes(classes=prototypes.T.copy(), background=background[strange].T.copy())


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCurve:
    """From familiarity to `unknown`: a logistic curve with 0.5 at the threshold.

    Attributes:
        threshold: The familiarity under which a photo counts as unknown.
        spread: The change of familiarity that multiplies the odds by e.
    """

    threshold: float
    spread: float

    def unknown(self, familiarity: Array) -> Array:
        """How sure it is that a photo shows none of the classes, (N,) in 0..1."""
        return np.asarray(1 / (1 + np.exp((familiarity - self.threshold) / self.spread)))


def fit_unknown_curve(familiarity: Array, *, accepted_fraction: float) -> UnknownCurve:
    """Set the threshold so that a part of known photos, which the prototypes were not made of, is accepted.

    Args:
        familiarity: Of these photos, (N,).
        accepted_fraction: That part, 0..1; half of the photos get an `unknown` of 0.05 or less.
    """
    threshold, typical = np.quantile(familiarity, [1 - accepted_fraction, 0.5])
    odds = np.log(1 / TYPICAL_UNKNOWN - 1)
    return UnknownCurve(
        threshold=float(threshold), spread=max(float((typical - threshold) / odds), LEAST_SPREAD)
    )
