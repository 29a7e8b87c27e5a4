"""How good the head is, by all photos of the folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kuzov.config import TrainConfig
from kuzov.run_metrics import CrossValidation, LearningCurve, Shots
from kuzov.training.judge import cross_validate
from kuzov.training.learning_set import LearningSet
from kuzov.training.shots import Draw, judge_shots, learning_curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Accuracy of heads on photos that they were not fitted on.

    Attributes:
        cross_validation: Over all photos; None in a run with few shots, as its heads would know more.
        shots: What such a run asks for; None in any other.
        learning_curve: Accuracy by the number of photos.
    """

    cross_validation: CrossValidation | None
    shots: Shots | None
    learning_curve: LearningCurve


def judge_head(
    data: LearningSet, draws: Sequence[Draw], config: TrainConfig, *, inverse_regularisation: float
) -> Judgement:
    """Judge heads as the run's own.

    Args:
        data: All photos.
        draws: Of few shots, if the run is to be judged by them.
        config: Its `seed` and `head.folds`.
        inverse_regularisation: What the run chose.
    """
    seed, strength = config.seed, inverse_regularisation
    features, labels, groups = data.features, data.labels, data.groups
    curve = learning_curve(features, labels, groups, inverse_regularisation=strength, seed=seed)
    if draws:
        accuracies = judge_shots(features, labels, draws, inverse_regularisation=strength)
        shots = Shots(
            shots=len(draws[0].known) // len(data.names),
            draws=len(draws),
            photos=len(draws[0].others),
            **_spread(accuracies),
            least=min(accuracies),
            most=max(accuracies),
        )
        return Judgement(cross_validation=None, shots=shots, learning_curve=curve)
    folds = cross_validate(
        features, labels, groups, inverse_regularisation=strength, folds=config.head.folds, seed=seed
    ).accuracies
    crossed = CrossValidation(**_spread(folds), folds=folds)
    return Judgement(cross_validation=crossed, shots=None, learning_curve=curve)


def _spread(accuracies: Sequence[float]) -> dict[str, float]:
    return {"mean": float(np.mean(accuracies)), "std": float(np.std(accuracies))}
