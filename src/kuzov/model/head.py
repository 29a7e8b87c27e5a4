"""The softmax head on the directions of features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

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
        return (directions(features) @ self.weights + self.bias).astype(np.float64)

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


def fit_head(features: Features, labels: Labels, *, classes: int, inverse_regularisation: float) -> Head:
    """Fit a multinomial logistic regression with an L2 penalty.

    Args:
        features: (N, D), need not be normalised.
        labels: Column of each row's class, (N,) in 0..classes-1; two different ones or more.
        classes: Number of columns; one that `labels` lacks is never answered.
        inverse_regularisation: scikit-learn's C: the larger, the closer to the training photos.
    """
    model = LogisticRegression(C=inverse_regularisation, max_iter=MAX_ITERATIONS, tol=TOLERANCE)
    with threadpool_limits(1):  # the products are small: threads make them seven times slower
        model.fit(directions(features), labels)
    found, bias = model.coef_.T, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn keeps only the difference
        found, bias = np.hstack([-found, found]) / 2, np.concatenate([-bias, bias]) / 2
    head = Head(
        weights=np.zeros((features.shape[1], classes), np.float32),
        bias=np.full(classes, bias.min() + ABSENT_CLASS_LOGIT, np.float32),
    )
    head.weights[:, model.classes_] = found
    head.bias[model.classes_] = bias
    return head
