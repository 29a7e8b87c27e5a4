from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kuzov.config import HeadConfig, TrainConfig
from kuzov.data.dataset import Dataset
from kuzov.records import ClassName
from kuzov.run_metrics import Shots
from kuzov.training.judge import cross_validate
from kuzov.training.judgement import judge_head
from kuzov.training.learning_set import LearningSet
from kuzov.training.shots import draw_shots, judge_shots, learning_curve

CONFIG = TrainConfig(seed=3, head=HeadConfig(folds=4))


@pytest.fixture
def data() -> LearningSet:
    """Two classes of six photos each, one view a photo."""
    labels = np.repeat(np.arange(2), 6)
    features = np.random.default_rng(0).normal(size=(12, 1, 8)) + labels[:, np.newaxis, np.newaxis]
    return LearningSet(
        dataset=Dataset(root=Path("cars"), classes=("a", "b"), train=(), validation=(), rejected=()),
        names=(ClassName(id="a", en="A", ru="А"), ClassName(id="b", en="B", ru="Б")),
        labels=labels,
        groups=[str(number) for number in range(12)],
        features=features.astype(np.float32),
    )


def test_a_run_is_judged_by_cross_validation_over_all_photos(data: LearningSet) -> None:
    judgement = judge_head(data, [], CONFIG, inverse_regularisation=10.0)
    expected = cross_validate(
        data.features, data.labels, data.groups, inverse_regularisation=10.0, folds=4, seed=3
    )
    assert judgement.cross_validation is not None
    assert judgement.cross_validation.folds == expected.accuracies
    assert judgement.cross_validation.mean == pytest.approx(np.mean(expected.accuracies))
    assert judgement.shots is None


def test_few_shots_are_judged_by_their_draws_alone(data: LearningSet) -> None:
    draws = draw_shots(data.labels, data.groups, shots=2, draws=5, seed=3)
    judgement = judge_head(data, draws, CONFIG, inverse_regularisation=10.0)
    assert judgement.cross_validation is None
    accuracies = judge_shots(data.features, data.labels, draws, inverse_regularisation=10.0)
    assert judgement.shots == Shots(
        shots=2,
        draws=5,
        photos=8,
        mean=float(np.mean(accuracies)),
        std=float(np.std(accuracies)),
        least=min(accuracies),
        most=max(accuracies),
    )


def test_every_run_has_a_learning_curve(data: LearningSet) -> None:
    curve = learning_curve(data.features, data.labels, data.groups, inverse_regularisation=10.0, seed=3)
    for draws in ([], draw_shots(data.labels, data.groups, shots=1, draws=2, seed=3)):
        assert judge_head(data, draws, CONFIG, inverse_regularisation=10.0).learning_curve == curve
