"""How good the head is, by all photos of the folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kuzov.config import TrainConfig
from kuzov.run_metrics import LearningCurve
from kuzov.training.judge import OutOfFold, cross_validate
from kuzov.training.learning_set import LearningSet
from kuzov.training.shots import Draw, judge_shots, learning_curve


@dataclass(frozen=True, slots=True, kw_only=True)
class FewShots:
    """Heads that know only a few photos of each class.

    Attributes:
        shots: Photos of each class that a head was fitted on.
        photos: How many others it was judged by.
        accuracies: Of each draw, 0..1.
    """

    shots: int
    photos: int
    accuracies: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Accuracy of heads on photos that they were not fitted on.

    Attributes:
        cross_validation: Over all photos; None in a run with few shots, as its heads would know more.
        few_shots: What such a run asks for; None in any other.
        learning_curve: Accuracy by the number of photos.
    """

    cross_validation: OutOfFold | None
    few_shots: FewShots | None
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
    curve = learning_curve(
        data.features,
        data.labels,
        data.groups,
        inverse_regularisation=inverse_regularisation,
        seed=config.seed,
    )
    if draws:
        accuracies = judge_shots(
            data.features, data.labels, draws, inverse_regularisation=inverse_regularisation
        )
        few_shots = FewShots(
            shots=len(draws[0].known) // len(data.names),
            photos=len(draws[0].others),
            accuracies=tuple(accuracies),
        )
        return Judgement(cross_validation=None, few_shots=few_shots, learning_curve=curve)
    crossed = cross_validate(
        data.features,
        data.labels,
        data.groups,
        inverse_regularisation=inverse_regularisation,
        folds=config.head.folds,
        seed=config.seed,
    )
    return Judgement(cross_validation=crossed, few_shots=None, learning_curve=curve)
