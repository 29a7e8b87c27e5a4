"""Photos unlike the others of their class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kuzov.doctor.findings import Finding, Kind, Reason, Skipped
from kuzov.doctor.labels import columns
from kuzov.doctor.reading import ReadPhoto
from kuzov.model.calibrator import Array
from kuzov.model.familiarity import class_sums, other_models, soft_maximum
from kuzov.model.head import Features, Labels, directions, normalise

LEAST_OTHERS = 4
"""Other photos of its class that a photo is compared with; with fewer, their mean says little."""

FAR_DEVIATIONS = 4.0
"""An odd photo is less familiar than its class's median by so many standard deviations."""

# Of a normal distribution: its standard deviation, in median absolute deviations.
_DEVIATIONS = 1.4826
_LEAST_DEVIATION = 0.01


def find_strangers(
    photos: Sequence[ReadPhoto], features: Features, background: npt.NDArray[np.float32]
) -> tuple[list[Finding], list[Skipped]]:
    """Tell the odd ones out.

    Of the features, (N, V, D), the first view is looked at. The background are prototypes of car models that
    the network knows, rows of length 1, (M, D). Classes with too few photos can't be checked.
    """
    labels, classes = columns(photos)
    shown = directions(features[:, 0])
    others = np.bincount(labels) - 1
    few = tuple(classes[column] for column in np.flatnonzero(others < LEAST_OTHERS))
    skipped = [Skipped(check=Kind.ODD, reason=Reason.FEW_IN_CLASS, classes=few)] if few else []
    if len(few) == len(classes):
        return [], skipped
    compared = others[labels] >= LEAST_OTHERS
    cosines = class_cosines(shown, labels)
    own = cosines[np.arange(len(photos)), labels]
    near = soft_maximum(shown @ other_models(shown, labels, len(classes), background).T)
    far = deviations(own - near, labels)
    findings = [
        Finding(
            kind=Kind.ODD,
            photos=(photos[row].name,),
            certainty=float(1 - FAR_DEVIATIONS / far[row] / 2),
            facts={"label": photos[row].label, "deviations": round(float(far[row]), 2)},
        )
        for row in map(int, np.flatnonzero(compared & (far > FAR_DEVIATIONS)))
    ]
    return findings, skipped


def class_cosines(shown: Features, labels: Labels) -> Features:
    """Cosine of each photo's direction with each class's mean, (N, C), of which its own is without itself."""
    sums = class_sums(shown, labels, int(labels.max()) + 1)
    cosines: Features = shown @ normalise(sums).T
    without = normalise(sums[labels] - shown)
    cosines[np.arange(len(labels)), labels] = (without * shown).sum(axis=1)
    return cosines


def deviations(familiarity: Array, labels: Labels) -> Array:
    """How much less familiar each photo is than its class's median, in robust standard deviations, (N,).

    There is one deviation for all classes, the median absolute one: that of a few photos alone jumps.
    """
    medians = np.array([np.median(familiarity[labels == column]) for column in range(int(labels.max()) + 1)])
    below = medians[labels] - familiarity
    spread = max(_DEVIATIONS * float(np.median(np.abs(below))), _LEAST_DEVIATION)
    return np.asarray(below / spread)
