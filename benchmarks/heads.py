"""Forms of a head for few photos, each a function from the photos known to the answers to others."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from benchmarks.features import FeatureSet
from kuzov.model.head import MAX_ITERATIONS, TOLERANCE, Features, Labels, normalise

Answers = npt.NDArray[np.int64]
# Known features (n, V, D), their labels (n,), asked features (m, D) → columns (m,).
HeadForm = Callable[[Features, Labels, Features], Answers]
Transform = Callable[[Features], Features]

CLASSES = 5
ALL_VIEWS = (0, 1, 2, 3, 4, 5)


def centred(transform: Transform, base: Features) -> Transform:
    """The transform less its mean over `base`, then length 1 (Wang et al., "SimpleShot", 2019)."""
    mean = transform(base).mean(axis=0)
    return lambda features: normalise(transform(features) - mean)


def nearest_prototype(known: Features, labels: Labels, asked: Features) -> Answers:
    """The class whose mean direction is nearest (Snell et al., "Prototypical Networks", 2017)."""
    rows, columns = _flatten(known, labels)
    prototypes = normalise(np.stack([rows[columns == column].mean(axis=0) for column in np.unique(columns)]))
    return np.asarray((asked @ prototypes.T).argmax(axis=1))


def logistic_regression(inverse_regularisation: float) -> HeadForm:
    """scikit-learn's, with this C."""

    def answer(known: Features, labels: Labels, asked: Features) -> Answers:
        rows, columns = _flatten(known, labels)
        return np.asarray(logits(rows, columns, asked, inverse_regularisation).argmax(axis=1))

    return answer


def logits(rows: Features, labels: Labels, asked: Features, inverse_regularisation: float) -> Features:
    """Of `asked`, (m, C), by a logistic regression on rows as they are; three classes or more."""
    model = LogisticRegression(C=inverse_regularisation, max_iter=MAX_ITERATIONS, tol=TOLERANCE)
    with threadpool_limits(1):
        model.fit(rows, labels)
    found: Features = model.decision_function(asked)
    return found


def linear_discriminant(shrinkage: float) -> HeadForm:
    """One covariance for all classes, shrunk to a multiple of the identity (Ledoit and Wolf, 2004)."""

    def answer(known: Features, labels: Labels, asked: Features) -> Answers:
        rows, columns = _flatten(known, labels)
        means = np.stack([rows[columns == column].mean(axis=0) for column in range(CLASSES)])
        whitened = shrunk_precision(rows - means[columns], shrinkage) @ means.T
        return np.asarray((asked @ whitened - (means.T * whitened).sum(axis=0) / 2).argmax(axis=1))

    return answer


def ridge(penalty: float) -> HeadForm:
    """Least squares to the class indicators."""

    def answer(known: Features, labels: Labels, asked: Features) -> Answers:
        rows, columns = _flatten(known, labels)
        targets = np.eye(CLASSES)[columns]
        mean, target_mean = rows.mean(axis=0), targets.mean(axis=0)
        centre = rows - mean
        duals = np.linalg.solve(centre @ centre.T + penalty * np.eye(len(rows)), targets - target_mean)
        return np.asarray(((asked - mean) @ (centre.T @ duals) + target_mean).argmax(axis=1))

    return answer


def shrunk_precision(deviations: Features, shrinkage: float) -> npt.NDArray[np.float64]:
    """Inverse of the covariance of (N, D), shrunk to its mean variance."""
    covariance = deviations.T.astype(np.float64) @ deviations / len(deviations)
    size = len(covariance)
    covariance *= 1 - shrinkage
    covariance[np.diag_indices(size)] += shrinkage * deviations.var(axis=0).sum() / size
    return np.asarray(np.linalg.inv(covariance))


HEADS: Mapping[str, HeadForm] = {
    "prototypes": nearest_prototype,
    "logistic regression, C 1": logistic_regression(1.0),
    "logistic regression, C 10": logistic_regression(10.0),
    "logistic regression, C 100": logistic_regression(100.0),
    "linear discriminant, shrunk by 0.5": linear_discriminant(0.5),
    "linear discriminant, shrunk by 0.9": linear_discriminant(0.9),
    "ridge regression, penalty 1": ridge(1.0),
}


def shot_accuracies(
    features: FeatureSet,
    shots: int,
    *,
    draws: int,
    head: HeadForm,
    transform: Transform,
    views: tuple[int, ...] = ALL_VIEWS,
    asked_views: tuple[int, ...] = (0,),
) -> npt.NDArray[np.float64]:
    """Accuracy of each draw of `shots` photos a model of russian-cars-5, asked about all other photos.

    Args:
        features: Of a backbone.
        shots: Photos known of each model.
        draws: How many; draw number d is seeded with d.
        head: How to learn.
        transform: From raw features to those that the head sees.
        views: Which views of the known photos it learns from.
        asked_views: Which views of a photo asked about are averaged.
    """
    shown = transform(features.russian)
    asked = normalise(shown[:, asked_views].mean(axis=1))
    labels, accuracies = features.russian_labels, []
    for draw in range(draws):
        known, others = draw_shots(labels, features.russian_groups, shots, draw)
        answers = head(shown[known][:, views], labels[known], asked[others])
        accuracies.append((answers == labels[others]).mean())
    return np.array(accuracies)


def draw_shots(labels: Labels, groups: object, shots: int, seed: int) -> tuple[Labels, Labels]:
    """Rows known and rows asked about; copies of a known photo are not asked about."""
    names = np.asarray(groups)
    rng = np.random.default_rng(seed)
    known = np.concatenate(
        [rng.permutation(np.flatnonzero(labels == label))[:shots] for label in np.unique(labels)]
    )
    return known, np.flatnonzero(~np.isin(names, names[known]))


def _flatten(known: Features, labels: Labels) -> tuple[Features, Labels]:
    return known.reshape(-1, known.shape[-1]), np.repeat(labels, known.shape[1])
