"""How familiar a photo is.

A class is known by its prototype, the mean of its photos' directions. A photo is familiar where it is near a
prototype and not as near to one of the car models in the background, which the backbone has seen and the user
has not asked for. What was tried instead stands in docs/adr/0008; on which axes is looked, in docs/adr/0018.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kuzov.model.calibrator import Array
from kuzov.model.head import Features, Labels, directions, normalise
from kuzov.model.softmax import log_sum_exp

# How softly the nearest models of the background are taken together, in units of the cosine.
SOFTNESS = 0.05
# A background model whose mean direction is as near as this to a class's is that class itself.
SAME_MODEL_COSINE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Discriminants:
    """The axes on which car models differ, and photos of one model do not.

    Attributes:
        centre: The mean direction of many models, (D,) float32.
        axes: (D, K) float32.
    """

    centre: npt.NDArray[np.float32]
    axes: npt.NDArray[np.float32]

    def project(self, shown: Features) -> Features:
        """Directions (N, D) on the axes, (N, K), rows of length 1."""
        return normalise(np.asarray((shown - self.centre) @ self.axes, np.float32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prototypes:
    """What photos are compared with; all columns have length 1, and stand on K axes.

    Attributes:
        classes: Of the classes, (K, C) float32.
        background: Of the other models, (K, M) float32; M may be 0.
        discriminants: The axes; None for those of the features themselves, where K is D.
    """

    classes: npt.NDArray[np.float32]
    background: npt.NDArray[np.float32]
    discriminants: Discriminants | None = None

    def measures(self, features: Features) -> Array:
        """What the calibrator goes by, (N, 3), of photos (N, D).

        It is the cosine with the nearest class, its lead over the second, and the soft maximum of the cosines
        with the background, 0 without one.
        """
        shown = directions(features)
        if self.discriminants is not None:
            shown = self.discriminants.project(shown)
        cosines = np.sort((shown @ self.classes).astype(np.float64), axis=1)
        nearest, lead = cosines[:, -1], cosines[:, -1] - cosines[:, -2]
        return np.column_stack([nearest, lead, soft_maximum(shown @ self.background)])


def make_prototypes(
    features: Features,
    labels: Labels,
    *,
    classes: int,
    background: npt.NDArray[np.float32],
    discriminants: Discriminants | None = None,
) -> Prototypes:
    """Learn the prototypes of the classes; background models that are one of them are left out.

    Args:
        features: As the backbone gives them, (N, D).
        labels: Column of each row's class, (N,); a class without rows gets a prototype that nothing is near.
        classes: Number of columns.
        background: Mean directions of other models, rows of length 1, (M, D).
        discriminants: The axes to look on; None for the features' own.
    """
    shown = directions(features)
    strange = other_models(shown, labels, classes, background)
    if discriminants is not None:
        shown, strange = discriminants.project(shown), discriminants.project(strange)
    return Prototypes(
        classes=normalise(class_sums(shown, labels, classes)).T.copy(),
        background=strange.T.copy(),
        discriminants=discriminants,
    )


def class_sums(shown: Features, labels: Labels, classes: int) -> Features:
    """Sum of the directions of each class, (C, D), of photos (N, D)."""
    sums = np.zeros((classes, shown.shape[1]), np.float32)
    np.add.at(sums, labels, shown)
    return sums


def other_models(
    shown: Features, labels: Labels, classes: int, background: npt.NDArray[np.float32]
) -> Features:
    """Those models of the background, (M, D), that are none of the classes."""
    means = normalise(class_sums(shown, labels, classes))
    others: Features = background[(background @ means.T).max(axis=1) < SAME_MODEL_COSINE]
    return others


def soft_maximum(cosines: Features) -> Array:
    """How near photos are to some models, (N,), by their cosines with them, (N, M); 0 where M is."""
    if not cosines.shape[1]:
        return np.zeros(len(cosines))
    return SOFTNESS * log_sum_exp(cosines.astype(np.float64) / SOFTNESS)
