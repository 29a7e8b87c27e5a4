"""What is learned: the axes on which models differ, and how surely a photo is a stranger."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from kuzov.model.calibrator import FACTS, MEASURES, Array
from kuzov.model.familiarity import Discriminants
from kuzov.model.head import Features, directions
from recipes.calibrator.folders import Asked
from recipes.calibrator.photos import Source

AXES = 128
SHRINKAGE = 0.6
BINS = 10


def find_discriminants(source: Source, background: Features) -> Discriminants:
    """Axes by linear discriminants: of the models that the backbone knows, less what photos of one differ in.

    Args:
        source: Photos of models, in all views, that say how much those of one model differ.
        background: Prototypes of the models that the backbone was trained on, (M, D).
    """
    within = np.concatenate([_deviations(source, model) for model in np.unique(source.models)])
    scatter = within.T @ within / len(within)
    variance = np.trace(scatter) / len(scatter)
    # So many features of so few photos: the scatter is drawn towards that of no direction in particular.
    values, vectors = np.linalg.eigh((1 - SHRINKAGE) * scatter + SHRINKAGE * variance * np.eye(len(scatter)))
    whitening = vectors * np.sqrt(variance / values)
    centre = background.mean(axis=0)
    _, _, axes = np.linalg.svd((background - centre) @ whitening, full_matrices=False)
    return Discriminants(
        centre=centre.astype(np.float16).astype(np.float32),
        axes=(whitening @ axes[:AXES].T).astype(np.float16).astype(np.float32),
    )


def _deviations(source: Source, model: str) -> Features:
    shown = directions(source.features[source.models == model])
    deviations: Features = (shown - shown[:, 0].mean(axis=0)) * np.sqrt(len(shown) / (len(shown) - 1))
    return deviations.reshape(-1, shown.shape[2])


def learn(asked: Asked, *, plain: bool) -> dict[str, float]:
    """A logistic regression on MEASURES and FACTS; a plain one for networks without a background."""
    names = [*MEASURES, *FACTS]
    used = [column for column, name in enumerate(names) if name != "one" and not (plain and name == "others")]
    inputs = asked.inputs[:, used]
    spread = inputs.std(axis=0)
    model = LogisticRegression(C=1.0, max_iter=1000)
    model.fit(inputs / spread, asked.strange, sample_weight=asked.weights / asked.weights.mean())
    found = dict.fromkeys(names, 0.0) | {"one": float(model.intercept_[0])}
    for column, weight in zip(used, model.coef_[0] / spread, strict=True):
        found[names[column]] = float(weight)
    return found


def judge(learned: Mapping[str, float], asked: Asked) -> dict[str, float]:
    """AUROC, part of the known photos accepted and of strangers told at 0.5, expected calibration error."""
    logits = asked.inputs @ np.array([learned[name] for name in (*MEASURES, *FACTS)])
    unknown: Array = 1 / (1 + np.exp(-logits))
    told = unknown > 0.5
    return {
        "auroc": float(roc_auc_score(asked.strange, unknown, sample_weight=asked.weights)),
        "accepted": float((~told)[~asked.strange].mean()),
        "told": float(told[asked.strange].mean()),
        "calibration error": calibration_error(unknown, asked.strange, asked.weights),
    }


def calibration_error(unknown: Array, strange: npt.NDArray[np.bool_], weights: Array) -> float:
    """Mean gap between `unknown` and the part of strangers, over ten bins of equally many photos, 0..1."""
    gaps = [
        abs(float((weights[rows] * (unknown[rows] - strange[rows])).sum()))
        for rows in np.array_split(np.argsort(unknown, kind="stable"), BINS)
    ]
    return sum(gaps) / float(weights.sum())
