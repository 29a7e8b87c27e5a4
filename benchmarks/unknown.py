"""How well the recogniser tells photos of none of its classes, by `kuzov.model.familiarity`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.features import FeatureSet
from kuzov.model.familiarity import Prototypes
from kuzov.model.head import Features, directions, normalise
from kuzov.training.judge import split_folds, view_prototypes
from kuzov.training.shots import Draw

FOLDS = 5
RELATIVES, RELATIVES_PHOTOS, RELATIVES_DRAWS = 5, 15, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Prototypes, and photos of which some show the classes and the others, by a name, do not."""

    prototypes: Prototypes
    familiar: Features
    strange: Mapping[str, Features]


def areas(questions: Iterable[Question]) -> dict[str, float]:
    """Mean AUROC by the name of the strange photos: the chance that a photo of a class is more familiar."""
    found: dict[str, list[float]] = {}
    for question in questions:
        familiar = question.prototypes.familiarity(question.familiar)
        for name, photos in question.strange.items():
            if len(photos):
                strange = question.prototypes.familiarity(photos)
                truth = np.repeat([1, 0], [len(familiar), len(strange)])
                area = float(roc_auc_score(truth, np.concatenate([familiar, strange])))
                found.setdefault(name, []).append(area)
    return {name: float(np.mean(each)) for name, each in found.items()}


def background(features: FeatureSet, held_out: Sequence[int]) -> Features:
    """Prototypes of the Stanford models that are not held out, from their training photos, (M, D)."""
    rows = features.cars.rows(training=True, held_out=held_out)
    shown, labels = directions(features.stanford[rows]), features.cars.labels[rows]
    return normalise(np.stack([shown[labels == label].mean(axis=0) for label in np.unique(labels)]))


def out_of_fold(
    features: FeatureSet, held_out: Sequence[int], strange: Sequence[int], seeds: Sequence[int]
) -> Iterator[Question]:
    """russian-cars-5 out of fold, against the Stanford models `strange` and photos without a car."""
    groups, labels = features.russian_groups, features.russian_labels
    draws = [
        Draw(known=fit, others=asked)
        for seed in seeds
        for fit, asked in split_folds(labels, groups, folds=FOLDS, seed=seed)
    ]
    others = {"other models": features.stanford_of(strange), "no car": features.no_car}
    return _russian(features, held_out, draws, others)


def from_few_photos(
    features: FeatureSet, held_out: Sequence[int], strange: Sequence[int], draws: Sequence[Draw]
) -> Iterator[Question]:
    """russian-cars-5 by a few photos a model, against the Stanford models `strange`."""
    shots = len(draws[0].known) // len(set(features.russian_labels))
    others = {f"other models, {shots} photos a model": features.stanford_of(strange)}
    return _russian(features, held_out, draws, others)


def _russian(
    features: FeatureSet, held_out: Sequence[int], draws: Sequence[Draw], strange: Mapping[str, Features]
) -> Iterator[Question]:
    models, photos, labels = background(features, held_out), features.russian, features.russian_labels
    classes = int(labels.max()) + 1
    for draw in draws:
        prototypes = view_prototypes(
            photos[draw.known], labels[draw.known], classes=classes, background=models
        )
        yield Question(prototypes=prototypes, familiar=photos[draw.others, 0], strange=strange)


def among_relatives(features: FeatureSet, held_out: Sequence[int]) -> Iterator[Question]:
    """Some held-out models known by a few photos, against the other held-out models: near relatives too."""
    models, labels = background(features, held_out), features.cars.labels
    for draw in range(RELATIVES_DRAWS):
        rng = np.random.default_rng(draw)
        chosen = rng.permutation(list(held_out))[:RELATIVES]
        orders = [rng.permutation(np.flatnonzero(labels == label)) for label in chosen]
        known = np.concatenate([order[:RELATIVES_PHOTOS] for order in orders])
        asked = np.concatenate([order[RELATIVES_PHOTOS:] for order in orders])
        prototypes = view_prototypes(
            features.stanford[known][:, None],
            np.repeat(np.arange(RELATIVES), RELATIVES_PHOTOS),
            classes=RELATIVES,
            background=models,
        )
        others = [label for label in held_out if label not in chosen]
        yield Question(
            prototypes=prototypes,
            familiar=features.stanford[asked],
            strange={"relatives": features.stanford_of(others)},
        )
