"""The two stages of training; each ends in a candidate for export."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kuzov.config import TrainConfig
from kuzov.errors import DatasetError
from kuzov.model.backbones import Backbone
from kuzov.model.calibration import fit_temperature, log_loss
from kuzov.model.classifier import Classifier
from kuzov.model.familiarity import Array, Prototypes, fit_unknown_curve, make_prototypes
from kuzov.model.graph import freeze
from kuzov.model.head import Features, Head, Labels, Logits
from kuzov.run_metrics import Kept
from kuzov.training.fine_tune import FineTuned, LabelledPhotos, fine_tune
from kuzov.training.judge import (
    Choice,
    choose_regularisation,
    cross_familiarity,
    different_photos,
    fit_views,
    split_folds,
    view_prototypes,
)
from kuzov.training.learning_set import LearningSet
from kuzov.training.progress import Progress
from kuzov.training.shots import Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A trained recogniser.

    Attributes:
        kept: Name of its stage, as the summary says it: "head" or "fine-tuned".
        backbone: Images to features, frozen; see `kuzov.model.graph.freeze`.
        classifier: What stands on it.
        unseen_logits: Logits of photos that the head was not fitted on, (M, C): the temperature's.
        unseen_labels: Their columns, (M,).
        validation_features: Of the validation photos, (N, D).
    """

    kept: Kept
    backbone: Any
    classifier: Classifier
    unseen_logits: Logits
    unseen_labels: Labels
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unseen:
    """Photos that head and prototypes do not know: temperature and threshold are learned from them."""

    logits: Logits
    labels: Labels
    familiarity: Array


def first_stage(data: LearningSet, backbone: Backbone, config: TrainConfig) -> tuple[Candidate, Choice]:
    """A softmax head on the frozen backbone's features, its regularisation chosen by cross-validation.

    Where a class has a single training photo, the validation photos join the cross-validation, and the
    temperature and the threshold are learned from them: no other photo is left that the head has not seen.
    """
    few = min(different_photos(data.labels[data.train], data.groups[data.train])) < 2
    choice = _choose(data, slice(None) if few else data.train, config)
    features, labels, classes = data.features[data.train], data.labels[data.train], len(data.names)
    background, strength = backbone.background(), choice.inverse_regularisation
    head = fit_views(features, labels, classes=classes, inverse_regularisation=strength)
    prototypes = view_prototypes(features, labels, classes=classes, background=background)
    shown = data.features[data.validation, 0]
    if few:
        unseen = _Unseen(
            logits=head.logits(shown),
            labels=data.labels[data.validation],
            familiarity=prototypes.familiarity(shown),
        )
    else:
        groups, folds = data.groups[data.train], config.head.folds
        familiarity = cross_familiarity(
            features, labels, groups, background=background, folds=folds, seed=config.seed
        )
        unseen = _Unseen(logits=choice.out_of_fold.logits, labels=labels, familiarity=familiarity)
    candidate = Candidate(
        kept="head",
        backbone=backbone.frozen(),
        classifier=_calibrated(head, prototypes, unseen, config),
        unseen_logits=unseen.logits,
        unseen_labels=unseen.labels,
        validation_features=shown,
    )
    return candidate, choice


def _choose(data: LearningSet, rows: slice, config: TrainConfig) -> Choice:
    _require_different_photos(data, rows, "Cross-validation")
    return choose_regularisation(
        data.features[rows],
        data.labels[rows],
        data.groups[rows],
        candidates=config.head.inverse_regularisation,
        folds=config.head.folds,
        seed=config.seed,
    )


def _calibrated(head: Head, prototypes: Prototypes, unseen: _Unseen, config: TrainConfig) -> Classifier:
    return Classifier(
        head=head,
        temperature=fit_temperature(unseen.logits, unseen.labels),
        prototypes=prototypes,
        curve=fit_unknown_curve(unseen.familiarity, accepted_fraction=config.accepted_fraction),
    )


def second_stage(
    data: LearningSet,
    first: Candidate,
    backbone: Backbone,
    config: TrainConfig,
    *,
    inverse_regularisation: float,
    cache: Path,
    tensorboard: Path | None,
    progress: Progress,
) -> tuple[Candidate, Mapping[str, Sequence[float]]]:
    """The backbone's last layers and the head trained on; resumes where a kill stopped it.

    One fold of the training photos is held out, to stop by and to calibrate on.

    Returns:
        The candidate, and its loss and accuracy by epoch.
    """
    _require_different_photos(data, data.train, "Fine-tuning")
    images, labels = data.frames(slice(None), backbone.image_px), data.labels[data.train]
    folds = split_folds(labels, data.groups[data.train], folds=config.head.folds, seed=config.seed)
    fit, held = folds[0]
    classes, strength = len(data.names), inverse_regularisation
    head = fit_views(data.features[fit], labels[fit], classes=classes, inverse_regularisation=strength)
    tuned = fine_tune(
        backbone.load(),
        head.divided(first.classifier.temperature),  # so that the loss starts where it is true
        LabelledPhotos(images[fit], labels[fit]),
        LabelledPhotos(images[held], labels[held]),
        config,
        workspace=cache / "fine-tune" / _fingerprint(data, backbone, config),
        tensorboard=tensorboard,
        progress=progress,
    )
    return _tuned_candidate(data, tuned, tuned.features(images), folds[0], config), tuned.history


def _tuned_candidate(
    data: LearningSet, tuned: FineTuned, features: Features, sides: tuple[Rows, Rows], config: TrainConfig
) -> Candidate:
    """By the network's features of all photos; the sides are the rows it was fitted on and those held out."""
    fit, held = sides
    prototypes = make_prototypes(
        features[fit],
        data.labels[fit],
        classes=len(data.names),
        background=features[:0],  # none: the backbone's own is not of the changed network's features
    )
    unseen = _Unseen(
        logits=tuned.head.logits(features[held]),
        labels=data.labels[held],
        familiarity=prototypes.familiarity(features[held]),
    )
    return Candidate(
        kept="fine-tuned",
        backbone=freeze(tuned.backbone),
        classifier=_calibrated(tuned.head, prototypes, unseen, config),
        unseen_logits=unseen.logits,
        unseen_labels=unseen.labels,
        validation_features=features[data.validation],
    )


def _fingerprint(data: LearningSet, backbone: Backbone, config: TrainConfig) -> str:
    """Of all that shapes the fine-tuning: only the same run goes on where it was stopped."""
    train = [(photo.digest, photo.label) for photo in data.dataset.train]
    key = json.dumps([config.to_json(), backbone.fingerprint(), train]).encode()
    return hashlib.sha256(key).hexdigest()[:16]


def _require_different_photos(data: LearningSet, rows: slice, needed_for: str) -> None:
    """Copies of one photo can't stand on both sides of a fold."""
    counts = different_photos(data.labels[rows], data.groups[rows])
    short = [name.id for name, count in zip(data.names, counts, strict=True) if count < 2]
    if short:
        side = " to train on" if rows == data.train else ""
        raise DatasetError(
            f"{needed_for} needs two or more different photos{side} of each class in {data.dataset.root}; "
            f"only one has: {', '.join(short)}. Add photos."
        )
