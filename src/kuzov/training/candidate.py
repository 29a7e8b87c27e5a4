"""What a stage of training ends in, a candidate for export; and the first stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kuzov.config import TrainConfig
from kuzov.errors import DatasetError
from kuzov.model.atlas import Atlas
from kuzov.model.backbones import Backbone
from kuzov.model.calibration import fit_temperature, log_loss
from kuzov.model.calibrator import calibrator_for
from kuzov.model.classifier import Classifier
from kuzov.model.familiarity import Prototypes
from kuzov.model.frozen import FrozenNetwork
from kuzov.model.head import Features, Head, Labels, Logits
from kuzov.run_metrics import Kept
from kuzov.training.judge import (
    Choice,
    choose_regularisation,
    different_photos,
    fit_views,
    view_prototypes,
)
from kuzov.training.learning_set import LearningSet
from kuzov.words import Words

_SINGLE = Words(
    "{needed_for} needs two or more different photos{side} of each class in {folder}; only one has: "
    "{classes}. Add photos.",
    "{needed_for} нужно по две или больше разных{side} фотографий каждого класса в {folder}; только по одной "
    "у: {classes}. Добавьте фотографии.",
)
_CROSS_VALIDATION = Words("Cross-validation", "Перекрёстной проверке")
_TO_TRAIN_ON = Words(" to train on", " обучающих")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """Photos that the head does not know: its temperature is learned from them.

    Attributes:
        logits: (M, C).
        labels: True columns, (M,).
        groups: Picture of each by name, as in `LearningSet`.
    """

    logits: Logits
    labels: Labels
    groups: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A trained recogniser.

    Attributes:
        kept: Name of its stage, as the summary says it: "head" or "fine-tuned".
        network: From photos to features.
        classifier: What stands on it.
        unseen: What its temperature was learned from.
        validation_features: Of the validation photos, (N, D).
    """

    kept: Kept
    network: FrozenNetwork
    classifier: Classifier
    unseen: Unseen
    validation_features: Features

    @property
    def validation_logits(self) -> Logits:
        """Logits of the validation photos, (N, C)."""
        return self.classifier.head.logits(self.validation_features)

    def is_better_than(self, other: Candidate, labels: Labels) -> bool:
        """Whether it gets more validation photos right, or as many with truer probabilities."""
        return self._score(labels) > other._score(labels)

    def _score(self, labels: Labels) -> tuple[int, float]:
        logits = self.validation_logits
        right = int((logits.argmax(axis=1) == labels).sum())
        return right, -log_loss(logits / self.classifier.temperature, labels)


def first_stage(data: LearningSet, backbone: Backbone, config: TrainConfig) -> tuple[Candidate, Choice]:
    """A softmax head on the frozen backbone's features, its regularisation chosen by cross-validation.

    Where a class has a single training photo, the validation photos join the cross-validation, and the
    temperature is learned from them: no other photo is left that the head has not seen.
    """
    few = min(different_photos(data.labels[data.train], data.groups[data.train])) < 2
    choice = _choose(data, slice(None) if few else data.train, config)
    features, labels, classes = data.features[data.train], data.labels[data.train], len(data.names)
    strength = choice.inverse_regularisation
    head = fit_views(features, labels, classes=classes, inverse_regularisation=strength)
    prototypes = view_prototypes(
        features,
        labels,
        classes=classes,
        background=backbone.background(),
        discriminants=backbone.discriminants(),
    )
    groups = data.groups[data.train]
    shown = data.features[data.validation, 0]
    if few:
        unseen = Unseen(
            logits=head.logits(shown),
            labels=data.labels[data.validation],
            groups=data.groups[data.validation],
        )
    else:
        unseen = Unseen(logits=choice.out_of_fold.logits, labels=labels, groups=groups)
    candidate = Candidate(
        kept="head",
        network=backbone.frozen(),
        classifier=calibrated(
            head, prototypes, unseen, different_photos(labels, groups), atlas=backbone.atlas()
        ),
        unseen=unseen,
        validation_features=shown,
    )
    return candidate, choice


def _choose(data: LearningSet, rows: slice, config: TrainConfig) -> Choice:
    require_different_photos(data, rows, _CROSS_VALIDATION)
    return choose_regularisation(
        data.features[rows],
        data.labels[rows],
        data.groups[rows],
        candidates=config.head.inverse_regularisation,
        folds=config.head.folds,
        seed=config.seed,
    )


def calibrated(
    head: Head,
    prototypes: Prototypes,
    unseen: Unseen,
    photos: Sequence[int],
    atlas: Atlas | None = None,
) -> Classifier:
    """A classifier whose temperature is learned from photos that the head does not know.

    `photos` tells how many the prototypes were made of, by class.
    """
    return Classifier(
        head=head,
        temperature=fit_temperature(unseen.logits, unseen.labels),
        prototypes=prototypes,
        calibrator=calibrator_for(
            photos=float(np.mean(photos)), classes=len(photos), plain=prototypes.discriminants is None
        ),
        atlas=atlas,
    )


def require_different_photos(data: LearningSet, rows: slice, needed_for: Words) -> None:
    """Copies of one photo can't stand on both sides of a fold.

    Raises:
        DatasetError: A class has a single photo among the rows.
    """
    counts = different_photos(data.labels[rows], data.groups[rows])
    short = [name.id for name, count in zip(data.names, counts, strict=True) if count < 2]
    if short:
        side = _TO_TRAIN_ON if rows == data.train else ""
        told = _SINGLE.fill(
            needed_for=needed_for, side=side, folder=str(data.dataset.root), classes=", ".join(short)
        )
        raise DatasetError(told)
