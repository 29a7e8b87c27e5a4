"""The softmax head on the directions of features."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from kuzov.model.minimise import Point, minimise
from kuzov.model.softmax import log_softmax

Features = npt.NDArray[np.float32]
Logits = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

MAX_ITERATIONS = 300
TOLERANCE = 1e-5
ABSENT_CLASS_LOGIT = -30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A linear layer.

    Attributes:
        weights: (D, C) float32.
        bias: (C,) float32.
    """

    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]

    def logits(self, features: Features) -> Logits:
        """Scores of each class, (N, C), for features (N, D) that need not be normalised."""
        return self.scores(directions(features))

    def scores(self, shown: Features) -> Logits:
        """The same for directions of features, (N, D)."""
        return (shown @ self.weights + self.bias).astype(np.float64)

    def divided(self, temperature: float) -> Head:
        """A head whose logits are these, divided."""
        return Head(weights=self.weights / np.float32(temperature), bias=self.bias / np.float32(temperature))


def directions(features: Features) -> Features:
    """What the head sees of features: their square roots, of length 1.

    Square roots keep a few strong features from deciding alone (Arandjelović and Zisserman, "Three things
    everyone should know to improve object retrieval", CVPR 2012).
    """
    return normalise(np.sqrt(np.maximum(features, 0)))


def normalise(rows: Features) -> Features:
    """Scale each row, (…, D), to length 1; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    normalised: Features = rows / np.maximum(lengths, 1e-12)
    return normalised


@contextmanager
def single_threaded() -> Iterator[None]:
    """Fits inside of it share no product of theirs among threads; it counts for the whole process."""
    with threadpool_limits(1):
        yield


def fit_head(features: Features, labels: Labels, *, classes: int, inverse_regularisation: float) -> Head:
    """Fit a multinomial logistic regression with an L2 penalty.

    Args:
        features: (N, D), need not be normalised.
        labels: Column of each row's class, (N,) in 0..classes-1; two different ones or more.
        classes: Number of columns; one that `labels` lacks is never answered.
        inverse_regularisation: Weight of the rows' log losses, in sum, against half the squared weights; the
            larger, the closer to the training photos. scikit-learn calls it C.
    """
    return fit_directions(
        directions(features), labels, classes=classes, inverse_regularisation=inverse_regularisation
    )


def fit_directions(shown: Features, labels: Labels, *, classes: int, inverse_regularisation: float) -> Head:
    """`fit_head` on the directions of features, (N, D), where they are known already.

    The products are small: without `single_threaded`, threads make them seven times slower.
    """
    present, columns = np.unique(labels, return_inverse=True)
    rows, width = shown.shape
    shape = (width + 1, len(present))
    penalty = 1 / (inverse_regularisation * rows)

    def loss(point: Point) -> tuple[float, Point]:
        """Mean log loss with its part of the penalty; the last row of the point is the bias."""
        found = point.reshape(shape)
        logits = (shown @ found[:-1].astype(np.float32) + found[-1]).astype(np.float64)
        logs = log_softmax(logits)
        errors = np.exp(logs)
        errors[np.arange(rows), columns] -= 1
        errors /= rows
        slope = np.empty(shape)
        slope[:-1] = shown.T @ errors.astype(np.float32) + penalty * found[:-1]
        slope[-1] = errors.sum(axis=0)
        value = penalty / 2 * np.square(found[:-1]).sum() - logs[np.arange(rows), columns].mean()
        return float(value), slope.ravel()

    start = np.zeros(shape).ravel()
    found = minimise(loss, start, tolerance=TOLERANCE, max_iterations=MAX_ITERATIONS).reshape(shape)
    head = Head(
        weights=np.zeros((width, classes), np.float32),
        bias=np.full(classes, found[-1].min() + ABSENT_CLASS_LOGIT, np.float32),
    )
    head.weights[:, present] = found[:-1]
    head.bias[present] = found[-1]
    return head
