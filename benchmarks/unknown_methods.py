"""Ways to tell a photo of none of the classes; each gives photos that are familiar a higher score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax, logsumexp
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

from benchmarks.features import FeatureSet
from benchmarks.heads import Transform, draw_shots, logits, shrunk_precision
from kuzov.model.familiarity import prototypes_of
from kuzov.model.head import Features, Labels, normalise

Scores = npt.NDArray[np.float64]
INVERSE_REGULARISATION = 10.0
NEIGHBOURS = 3
SHRINKAGE = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of the classes: transformed features, one row a view.

    Attributes:
        rows: (N, D).
        labels: (N,) in 0..C-1.
        background: Prototypes of other models, (M, D).
    """

    rows: Features
    labels: Labels
    background: Features

    def logits(self, asked: Features) -> Scores:
        """Of the head that kuzov fits."""
        return np.asarray(logits(self.rows, self.labels, asked, INVERSE_REGULARISATION), np.float64)

    def means(self) -> Features:
        """Mean row of each class, (C, D)."""
        return np.stack([self.rows[self.labels == label].mean(axis=0) for label in np.unique(self.labels)])

    def cosines(self, asked: Features) -> Scores:
        """To each class's prototype, (n, C)."""
        return np.asarray(asked @ normalise(self.means()).T, np.float64)


def maximum_probability(known: Known, asked: Features) -> Scores:
    """Hendrycks and Gimpel, ICLR 2017."""
    return np.asarray(log_softmax(known.logits(asked), axis=1).max(axis=1))


def maximum_logit(known: Known, asked: Features) -> Scores:
    """Vaze et al., ICLR 2022."""
    return np.asarray(known.logits(asked).max(axis=1))


def energy(known: Known, asked: Features) -> Scores:
    """Liu et al., NeurIPS 2020."""
    return np.asarray(logsumexp(known.logits(asked), axis=1))


def nearest_prototype(known: Known, asked: Features) -> Scores:
    """Cosine to the nearest class prototype."""
    return np.asarray(known.cosines(asked).max(axis=1))


def nearest_photos(known: Known, asked: Features) -> Scores:
    """Mean cosine to the three nearest views known (Sun et al., ICML 2022)."""
    return np.asarray(np.sort(asked @ known.rows.T, axis=1)[:, -NEIGHBOURS:].mean(axis=1), np.float64)


def mahalanobis(known: Known, asked: Features) -> Scores:
    """Least distance to a class mean under one shrunk covariance (Lee et al., NeurIPS 2018)."""
    means = known.means()
    precision = shrunk_precision(known.rows - means[known.labels], SHRINKAGE)
    gaps = [asked - mean for mean in means]
    distances = np.stack([((gap @ precision) * gap).sum(axis=1) for gap in gaps])
    return np.asarray(-distances.min(axis=0))


def against_background(known: Known, asked: Features) -> Scores:
    """The way that ships: see `kuzov.model.familiarity`."""
    prototypes = prototypes_of(
        known.rows, known.labels, classes=int(known.labels.max()) + 1, background=known.background
    )
    return prototypes.compare(asked)


METHODS: Mapping[str, Callable[[Known, Features], Scores]] = {
    "maximum probability": maximum_probability,
    "maximum logit": maximum_logit,
    "energy": energy,
    "nearest prototype": nearest_prototype,
    "three nearest views": nearest_photos,
    "Mahalanobis, shrunk by 0.7": mahalanobis,
    "prototypes against the background": against_background,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Known photos, and asked ones of which some show the classes and the others do not."""

    known: Known
    familiar: Features
    strange: Mapping[str, Features]


def area_under_curve(familiar: Scores, strange: Scores) -> float:
    """AUROC: the chance that a photo of a class scores over one of none."""
    truth = np.concatenate([np.ones(len(familiar)), np.zeros(len(strange))])
    return float(roc_auc_score(truth, np.concatenate([familiar, strange])))


def judge(method: Callable[[Known, Features], Scores], questions: Sequence[Question]) -> dict[str, float]:
    """Mean AUROC over the questions by the name of the strange photos."""
    found: dict[str, list[float]] = {}
    for question in questions:
        familiar = method(question.known, question.familiar)
        for name, strange in question.strange.items():
            if len(strange):
                area = area_under_curve(familiar, method(question.known, strange))
                found.setdefault(name, []).append(area)
    return {name: float(np.mean(areas)) for name, areas in found.items()}


def background_of(features: FeatureSet, transform: Transform, held_out: Sequence[int]) -> Features:
    """Prototypes of the Stanford models that are not held out, from their training photos, (M, D)."""
    rows = features.cars.rows(training=True, held_out=held_out)
    shown, labels = transform(features.stanford[rows]), features.cars.labels[rows]
    return normalise(np.stack([shown[labels == label].mean(axis=0) for label in np.unique(labels)]))


def russian_questions(
    features: FeatureSet,
    transform: Transform,
    held_out: Sequence[int],
    strange_models: Sequence[int],
    *,
    seeds: Sequence[int],
) -> Iterator[Question]:
    """russian-cars-5 out of fold, against models never trained on and photos without a car."""
    shown, labels = transform(features.russian), features.russian_labels
    strange = {
        "other models": transform(features.stanford[np.isin(features.cars.labels, strange_models)]),
        "no car": transform(features.no_car) if len(features.no_car) else features.no_car,
    }
    background = background_of(features, transform, held_out)
    for seed in seeds:
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        for fit, asked in folds.split(shown[:, 0], labels, groups=list(features.russian_groups)):
            known = _known(shown, labels, fit, background)
            yield Question(known=known, familiar=shown[asked, 0], strange=strange)


def few_shot_questions(
    features: FeatureSet,
    transform: Transform,
    held_out: Sequence[int],
    strange_models: Sequence[int],
    *,
    shots: int,
    draws: int,
) -> Iterator[Question]:
    """The same from a few photos a model."""
    shown, labels = transform(features.russian), features.russian_labels
    strange = {
        f"other models, {shots} photos a model": transform(
            features.stanford[np.isin(features.cars.labels, strange_models)]
        )
    }
    background = background_of(features, transform, held_out)
    for draw in range(draws):
        fit, asked = draw_shots(labels, features.russian_groups, shots, draw)
        known = _known(shown, labels, fit, background)
        yield Question(known=known, familiar=shown[asked, 0], strange=strange)


def stanford_questions(
    features: FeatureSet, transform: Transform, held_out: Sequence[int], *, photos: int, draws: int
) -> Iterator[Question]:
    """Five held-out models known by a few photos, against the other held-out models: near relatives too."""
    background = background_of(features, transform, held_out)
    labels = features.cars.labels
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        chosen = rng.permutation(list(held_out))[:5]
        orders = [rng.permutation(np.flatnonzero(labels == label)) for label in chosen]
        fit = np.concatenate([order[:photos] for order in orders])
        asked = np.concatenate([order[photos:] for order in orders])
        others = np.isin(labels, held_out) & ~np.isin(labels, chosen)
        known = Known(
            rows=transform(features.stanford[fit]),
            labels=np.repeat(np.arange(5), photos),
            background=background,
        )
        yield Question(
            known=known,
            familiar=transform(features.stanford[asked]),
            strange={"relatives": transform(features.stanford[others])},
        )


def _known(shown: Features, labels: Labels, fit: Labels, background: Features) -> Known:
    views = shown.shape[1]
    return Known(
        rows=shown[fit].reshape(-1, shown.shape[-1]),
        labels=np.repeat(labels[fit], views),
        background=background,
    )
