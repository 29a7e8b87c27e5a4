"""Photos whose class is probably not that of their folder.

Heads learn from all other photos and say what each one shows; where that is another class than the folder's,
the label is a suspect, and the margin between the two classes ranks it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kuzov.doctor.findings import Finding, Kind, Reason, Skipped
from kuzov.doctor.reading import ReadPhoto
from kuzov.model.calibration import fit_temperature, probabilities
from kuzov.model.head import Features, Labels
from kuzov.training.judge import cross_validate, different_photos

INVERSE_REGULARISATION = 10.0
"""Of the heads; on planted faults any from 0.3 to 30 ranked them all first."""

FOLDS = 5
LEAST_PHOTOS = 2


def columns(photos: Sequence[ReadPhoto]) -> tuple[Labels, list[str]]:
    """The column of each photo's class, (N,), and the classes that have photos, sorted."""
    classes = sorted({photo.label for photo in photos})
    column = {label: index for index, label in enumerate(classes)}
    return np.array([column[photo.label] for photo in photos], np.int64), classes


def find_wrong_labels(
    photos: Sequence[ReadPhoto], features: Features, groups: Sequence[str], *, seed: int
) -> tuple[list[Finding], list[Skipped]]:
    """Suspect the labels that heads, fitted on other photos, contradict.

    Features are (N, V, D); `groups` is a name a photo, (N,), that its copies share. A class with a single
    photo, or a single class, can't be checked.
    """
    labels, classes = columns(photos)
    counts = np.array(different_photos(labels, groups))
    fit = np.flatnonzero(counts >= LEAST_PHOTOS)
    few = tuple(classes[column] for column in np.flatnonzero(counts < LEAST_PHOTOS))
    if len(fit) < 2:
        reason = Reason.ONE_CLASS if len(classes) == 1 else Reason.FEW_IN_CLASS
        return [], [Skipped(check=Kind.WRONG_LABEL, reason=reason, classes=() if len(classes) == 1 else few)]
    rows = np.flatnonzero(np.isin(labels, fit))
    given = np.searchsorted(fit, labels[rows])
    logits = cross_validate(
        features[rows],
        given,
        [groups[int(row)] for row in rows],
        inverse_regularisation=INVERSE_REGULARISATION,
        folds=FOLDS,
        seed=seed,
    ).logits
    found = probabilities(logits, fit_temperature(logits, given))
    findings = [
        Finding(
            kind=Kind.WRONG_LABEL,
            photos=(photos[rows[row]].name,),
            certainty=certainty,
            facts={
                "label": photos[rows[row]].label,
                "suggested": classes[fit[found[row].argmax()]],
                "probability": round(float(found[row].max()), 4),
            },
        )
        for row, certainty in _suspects(given, found)
    ]
    skipped = [Skipped(check=Kind.WRONG_LABEL, reason=Reason.FEW_IN_CLASS, classes=few)] if few else []
    return findings, skipped


def _suspects(given: Labels, found: npt.NDArray[np.float64]) -> list[tuple[int, float]]:
    """Rows whose label is contradicted and how certainly, 0.5..1, most certain first.

    The stricter filters of confident learning (Northcutt, Jiang and Chuang, "Confident Learning: Estimating
    Uncertainty in Dataset Labels", JAIR 2021) miss one planted swap in eight of a small folder: the more
    labels of a class are wrong, the less they trust its probabilities. A contradiction out of fold misses
    none.
    """
    margins = found.max(axis=1) - found[np.arange(len(given)), given]
    rows = np.flatnonzero(found.argmax(axis=1) != given)
    ranked = rows[np.argsort(-margins[rows], kind="stable")]
    return [(int(row), (1 + float(margins[row])) / 2) for row in ranked]
