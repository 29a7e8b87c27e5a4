"""How good a head is, honestly.

Throughout, features are those of views, (N, V, D), labels are columns of the classes, (N,), and groups name
each photo's picture: photos of one name, such as copies, stay on one side of every fold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from kuzov.cores import usable_cores
from kuzov.data.split import stratified_folds
from kuzov.model.calibration import Probabilities, fit_temperature, log_loss, probabilities
from kuzov.model.familiarity import Discriminants, Prototypes, make_prototypes
from kuzov.model.head import (
    Features,
    Head,
    Labels,
    Logits,
    directions,
    fit_directions,
    fit_head,
    single_threaded,
)

Rows = npt.NDArray[np.int64]
Task = TypeVar("Task")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfFold:
    """What heads say of photos that they were not fitted on.

    Attributes:
        logits: (N, C), of each photo's first view.
        accuracies: Accuracy of each fold, 0..1.
    """

    logits: Logits
    accuracies: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The outcome of cross-validating the regularisation.

    Attributes:
        inverse_regularisation: The value chosen.
        out_of_fold: Its out-of-fold logits and accuracies.
        accuracies: Mean accuracy of each candidate.
        log_losses: Out-of-fold log loss of each candidate, after temperature scaling.
    """

    inverse_regularisation: float
    out_of_fold: OutOfFold
    accuracies: tuple[float, ...]
    log_losses: tuple[float, ...]


def fit_views(features: Features, labels: Labels, *, classes: int, inverse_regularisation: float) -> Head:
    """Fit a head on every view of every photo."""
    with single_threaded():
        return fit_head(
            *_rows(features, labels), classes=classes, inverse_regularisation=inverse_regularisation
        )


def side_by_side(make: Callable[[Task], Made], tasks: Sequence[Task]) -> list[Made]:
    """Fit heads, as many at a time as there are cores, each on one."""
    with single_threaded(), ThreadPoolExecutor(usable_cores()) as threads:
        return list(threads.map(make, tasks))


def ask_others(
    shown: Features,
    labels: Labels,
    known: Rows,
    others: Rows,
    inverse_regularisation: float,
) -> Logits:
    """Fit a head on some photos' views, and ask about the first views of others: logits, (n, C).

    Args:
        shown: Directions of all photos' views, (N, V, D).
        labels: Of all photos.
        known: Rows to fit on.
        others: Rows to ask about.
        inverse_regularisation: As in `fit_head`.
    """
    head = fit_directions(
        *_rows(shown[known], labels[known]),
        classes=int(labels.max()) + 1,
        inverse_regularisation=inverse_regularisation,
    )
    return head.scores(shown[others, 0])


def view_prototypes(
    features: Features,
    labels: Labels,
    *,
    classes: int,
    background: Features,
    discriminants: Discriminants | None = None,
) -> Prototypes:
    """Prototypes from every view of every photo; see `make_prototypes`."""
    return make_prototypes(
        *_rows(features, labels), classes=classes, background=background, discriminants=discriminants
    )


def _rows(features: Features, labels: Labels) -> tuple[Features, Labels]:
    photos, views, width = features.shape
    return features.reshape(photos * views, width), np.repeat(labels, views)


def cross_validate(
    features: Features,
    labels: Labels,
    groups: Sequence[str],
    *,
    inverse_regularisation: float,
    folds: int,
    seed: int,
) -> OutOfFold:
    """Fit a head on all of `split_folds` but one, ask about that one's first views, for each."""
    (found,) = _cross_validate_each(features, labels, groups, [inverse_regularisation], folds, seed)
    return found


def _cross_validate_each(
    features: Features,
    labels: Labels,
    groups: Sequence[str],
    candidates: Sequence[float],
    folds: int,
    seed: int,
) -> list[OutOfFold]:
    """`cross_validate` with each candidate for the regularisation, on the same folds."""
    shown, divided = directions(features), split_folds(labels, groups, folds=folds, seed=seed)
    heads = [(candidate, known, held) for candidate in candidates for known, held in divided]

    def ask(head: tuple[float, Rows, Rows]) -> Logits:
        inverse_regularisation, known, held = head
        return ask_others(shown, labels, known, held, inverse_regularisation)

    asked = side_by_side(ask, heads)
    results = []
    for first in range(0, len(heads), len(divided)):
        logits = np.zeros((len(labels), int(labels.max()) + 1))
        accuracies = []
        for (_, held), found in zip(divided, asked[first : first + len(divided)], strict=True):
            logits[held] = found
            accuracies.append(accuracy(found, labels[held]))
        results.append(OutOfFold(logits=logits, accuracies=tuple(accuracies)))
    return results


def cross_calibrate(logits: Logits, labels: Labels, groups: Sequence[str], *, folds: int) -> Probabilities:
    """Probabilities, (N, C), of logits out of fold, each by a temperature fitted without its photo's part.

    There are as many parts as `folds`, whatever the classes; a lone picture's logits are not divided.
    """
    calibrated = probabilities(logits, 1.0)
    _, pictures = np.unique(groups, return_inverse=True)
    for fold in range(folds):
        held = pictures % folds == fold
        if held.any() and not held.all():
            temperature = fit_temperature(logits[~held], labels[~held])
            calibrated[held] = probabilities(logits[held], temperature)
    return calibrated


def split_folds(labels: Labels, groups: Sequence[str], *, folds: int, seed: int) -> list[tuple[Rows, Rows]]:
    """Seeded stratified folds as pairs of rows, to fit on and held out; each class needs two pictures.

    They are no more than the smallest class has pictures.
    """
    folds = min(folds, *different_photos(labels, groups))
    splits = stratified_folds(labels.tolist(), groups, folds=folds, seed=seed)
    return [(np.array(each.train), np.array(each.validation)) for each in splits]


def different_photos(labels: Labels, groups: Sequence[str]) -> list[int]:
    """How many different photos each class has; copies count once."""
    different = set(zip(labels.tolist(), groups, strict=True))
    return [int(count) for count in np.bincount([label for label, _ in different])]


def choose_regularisation(
    features: Features,
    labels: Labels,
    groups: Sequence[str],
    *,
    candidates: Sequence[float],
    folds: int,
    seed: int,
) -> Choice:
    """Take the candidate whose out-of-fold probabilities, after temperature scaling, are the truest."""
    results = _cross_validate_each(features, labels, groups, candidates, folds, seed)
    losses = [log_loss(each.logits / fit_temperature(each.logits, labels), labels) for each in results]
    best = int(np.argmin(losses))
    return Choice(
        inverse_regularisation=candidates[best],
        out_of_fold=results[best],
        accuracies=tuple(float(np.mean(result.accuracies)) for result in results),
        log_losses=tuple(losses),
    )


def accuracy(logits: Logits, labels: Labels) -> float:
    """Part of the rows whose largest logit is the true class's."""
    return float((logits.argmax(axis=1) == labels).mean())
