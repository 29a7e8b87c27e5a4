"""The two stages of training; each ends in a candidate for export."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kuzov.config import TrainConfig
from kuzov.errors import DatasetError
from kuzov.model.atlas import Atlas
from kuzov.model.backbones import Backbone
from kuzov.model.calibration import fit_temperature, log_loss
from kuzov.model.calibrator import calibrator_for
from kuzov.model.classifier import Classifier
from kuzov.model.familiarity import Prototypes, make_prototypes
from kuzov.model.graph import freeze
from kuzov.model.head import Features, Head, Labels, Logits
from kuzov.progress import Progress
from kuzov.run_metrics import Kept
from kuzov.training.fine_tune import FineTuned, LabelledFrames, fine_tune
from kuzov.training.frames import frames_on_disk
from kuzov.training.judge import (
    Choice,
    choose_regularisation,
    different_photos,
    fit_views,
    split_folds,
    view_prototypes,
)
from kuzov.training.learning_set import LearningSet
from kuzov.training.shots import Rows


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
        backbone: Images to features, frozen; see `kuzov.model.graph.freeze`.
        classifier: What stands on it.
        unseen: What its temperature was learned from.
        validation_features: Of the validation photos, (N, D).
    """

    kept: Kept
    backbone: Any
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
        backbone=backbone.frozen(),
        classifier=_calibrated(
            head, prototypes, unseen, different_photos(labels, groups), atlas=backbone.atlas()
        ),
        unseen=unseen,
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


def _calibrated(
    head: Head,
    prototypes: Prototypes,
    unseen: Unseen,
    photos: Sequence[int],
    atlas: Atlas | None = None,
) -> Classifier:
    """Of prototypes of so many photos of each class."""
    return Classifier(
        head=head,
        temperature=fit_temperature(unseen.logits, unseen.labels),
        prototypes=prototypes,
        calibrator=calibrator_for(
            photos=float(np.mean(photos)), classes=len(photos), plain=prototypes.discriminants is None
        ),
        atlas=atlas,
    )


def second_stage(
    data: LearningSet,
    first: Candidate,
    backbone: Backbone,
    config: TrainConfig,
    *,
    inverse_regularisation: float,
    workspace: Path,
    callbacks: Sequence[keras.callbacks.Callback],
    progress: Progress,
) -> tuple[Candidate, Mapping[str, Sequence[float]]]:
    """The backbone's last layers and the head trained on; resumes where a kill stopped it.

    One fold of the training photos is held out, to stop by and to calibrate on.

    Returns:
        The candidate, and its loss and accuracy by epoch.
    """
    _require_different_photos(data, data.train, "Fine-tuning")
    labels = data.labels
    fit, held = split_folds(
        labels[data.train], data.groups[data.train], folds=config.head.folds, seed=config.seed
    )[0]
    head = fit_views(
        data.features[fit],
        labels[fit],
        classes=len(data.names),
        inverse_regularisation=inverse_regularisation,
    )
    with frames_on_disk(data.photos, backbone.image_px, workspace) as frames:
        tuned = fine_tune(
            backbone.load(),
            head.divided(first.classifier.temperature),  # so that the loss starts where it is true
            LabelledFrames(frames, fit, labels[fit]),
            LabelledFrames(frames, held, labels[held]),
            config,
            workspace=workspace,
            callbacks=callbacks,
            progress=progress,
        )
        features = tuned.features(LabelledFrames(frames, np.arange(len(labels)), labels))
    return _tuned_candidate(data, tuned, features, (fit, held)), tuned.history


def fine_tune_workspace(cache: Path, data: LearningSet, backbone: Backbone, config: TrainConfig) -> Path:
    """Where the second stage keeps its epochs: the same only for a run with the same photos and settings."""
    train = [(photo.digest, photo.label) for photo in data.dataset.train]
    key = json.dumps([config.to_json(), backbone.fingerprint(), train]).encode()
    return cache / "fine-tune" / hashlib.sha256(key).hexdigest()[:16]


def _tuned_candidate(
    data: LearningSet, tuned: FineTuned, features: Features, sides: tuple[Rows, Rows]
) -> Candidate:
    """By the network's features of all photos; the sides are the rows it was fitted on and those held out."""
    fit, held = sides
    prototypes = make_prototypes(
        features[fit],
        data.labels[fit],
        classes=len(data.names),
        background=features[:0],  # none: the backbone's own is not of the changed network's features
    )
    unseen = Unseen(
        logits=tuned.head.logits(features[held]),
        labels=data.labels[held],
        groups=[data.groups[row] for row in held],
    )
    photos = different_photos(data.labels[fit], [data.groups[row] for row in fit])
    return Candidate(
        kept="fine-tuned",
        backbone=freeze(tuned.backbone),
        classifier=_calibrated(tuned.head, prototypes, unseen, photos),
        unseen=unseen,
        validation_features=features[data.validation],
    )


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
