"""From what is measured of a photo to `unknown`.

It is a logistic regression that was learned once, over folders that recipes/calibrator made up, and not on
the user's own few photos, which are mostly alike; docs/adr/0018 has the measurements.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kuzov.model.softmax import sigmoid
from kuzov.model.weight_files import LEARNED, LEARNED_PLAIN, read_weights

Array = npt.NDArray[np.float64]

# `unknown` is a probability, so one that says none of the classes is likelier than not has this limit.
UNKNOWN_THRESHOLD = 0.5
# What is measured of a photo, in the order of `Prototypes.measures`, and what is known of the folder.
MEASURES = ("nearest", "lead", "others")
FACTS = ("log photos", "log classes", "one")
SHIPPED = "efficientnet-lite0-cars.calibrator.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrator:
    """Of one folder.

    Attributes:
        weights: Of each of MEASURES, (3,).
        bias: With what is known of the folder.
    """

    weights: Array
    bias: float

    def unknown(self, measures: Array) -> Array:
        """How surely photos, of which (N, 3) is measured, show none of the classes, (N,) in 0..1."""
        return sigmoid(measures @ self.weights + self.bias)


def folder_facts(photos: float, classes: int) -> Array:
    """What counts of a folder besides its prototypes, FACTS: more photos a class make them truer.

    Args:
        photos: Mean number of photos a class.
        classes: How many.
    """
    return np.array([np.log(photos), np.log(classes), 1.0])


def calibrator_for(*, photos: float, classes: int, plain: bool) -> Calibrator:
    """What was learned, for a folder; see `folder_facts`.

    Args:
        photos: Mean number of photos a class.
        classes: How many.
        plain: For prototypes without discriminants: the nearness to the classes alone tells.
    """
    learned = read_weights(SHIPPED)[LEARNED_PLAIN if plain else LEARNED].astype(np.float64)
    weights, facts = np.split(learned, [len(MEASURES)])
    return Calibrator(weights=weights, bias=float(folder_facts(photos, classes) @ facts))
