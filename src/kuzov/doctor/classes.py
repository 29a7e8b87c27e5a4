"""Whether each class has enough photos, and about as many as the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from kuzov.data.folder_names import TRAIN, VALIDATION
from kuzov.doctor.copies import Copies
from kuzov.doctor.findings import Facts, Finding, Kind, Reason, Skipped
from kuzov.doctor.folder import PhotoFolder
from kuzov.doctor.labels import INVERSE_REGULARISATION, columns
from kuzov.doctor.reading import ReadPhoto
from kuzov.model.head import Features
from kuzov.run_metrics import LearningCurve
from kuzov.training.shots import learning_curve

FEW_PHOTOS = 5
"""Fewer different photos of a class to learn from are told; from five, 99 % of the demo's are recognised."""

IMBALANCE = 3
"""A class with fewer than one in so many photos of the median class is told."""

NO_CURVE = LearningCurve(shots=(), mean=(), std=(), draws=0)


def count_photos(folder: PhotoFolder, photos: Sequence[ReadPhoto]) -> dict[str, dict[str, int]]:
    """Readable photos by side and class; a class without any is there too."""
    counts = {side: dict.fromkeys(folder.classes, 0) for side in folder.sides}
    for photo in photos:
        counts[photo.side][photo.label] += 1
    return counts


def tell_classes(
    folder: PhotoFolder, photos: Sequence[ReadPhoto], groups: Sequence[str]
) -> tuple[list[Finding], list[Skipped]]:
    """Tell the classes that have too few different photos, or far fewer than the others.

    `groups` is a name for each of the readable photos, that its copies share.
    """
    distinct = {(each.side, each.label, name) for each, name in zip(photos, groups, strict=True)}
    counted = Counter((side, label) for side, label, _ in distinct)
    different = {side: {label: counted[side, label] for label in folder.classes} for side in folder.sides}
    learned = different.get(TRAIN) or next(iter(different.values()))
    findings = [*_too_few(different), *_imbalance(learned)]
    skipped = []
    if len(folder.classes) == 1:
        skipped.append(Skipped(check=Kind.IMBALANCE, reason=Reason.ONE_CLASS))
    if VALIDATION not in folder.sides or TRAIN not in folder.sides:
        skipped.append(Skipped(check=Kind.LEAK, reason=Reason.NO_VALIDATION))
    return findings, skipped


def _too_few(different: dict[str, dict[str, int]]) -> Iterator[Finding]:
    for side, counts in different.items():
        least = 1 if side == VALIDATION else FEW_PHOTOS
        for label, count in counts.items():
            if count < least:
                facts: Facts = {"label": label, "side": side, "photos": count, "least": least}
                yield Finding(kind=Kind.TOO_FEW, facts=facts)


def _imbalance(counts: dict[str, int]) -> Iterator[Finding]:
    median = float(np.median(list(counts.values())))
    for label, count in counts.items():
        if 0 < count * IMBALANCE < median:
            facts: Facts = {"label": label, "photos": count, "median": median}
            yield Finding(kind=Kind.IMBALANCE, facts=facts)


def curve_of(
    photos: Sequence[ReadPhoto],
    features: Features,
    groups: Sequence[str],
    copies: Sequence[Copies],
    *,
    seed: int,
) -> tuple[LearningCurve, list[Skipped]]:
    """Accuracy by the number of photos of a class; pictures in two classes, and classes of few, are out."""
    labels, classes = columns(photos)
    ambiguous = {row for each in copies if len({labels[row] for row in each.rows}) > 1 for row in each.rows}
    single = np.array([row for row in range(len(photos)) if row not in ambiguous], np.int64)
    counts = {
        label: len({groups[row] for row in single if labels[row] == label}) for label in range(len(classes))
    }
    few = [label for label, count in counts.items() if count < FEW_PHOTOS]
    rows = single[~np.isin(labels[single], few)]
    kept, given = np.unique(labels[rows], return_inverse=True)
    if len(kept) < 2:
        reason = Reason.ONE_CLASS if len(classes) == 1 else Reason.TOO_FEW_TO_CURVE
        return NO_CURVE, [Skipped(check=Kind.TOO_FEW, reason=reason)]
    curve = learning_curve(
        features[rows],
        given,
        [groups[row] for row in rows],
        inverse_regularisation=INVERSE_REGULARISATION,
        seed=seed,
    )
    left = tuple(classes[label] for label in few)
    return curve, [Skipped(check=Kind.TOO_FEW, reason=Reason.FEW_IN_CLASS, classes=left)] if left else []
