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
from kuzov.model.calibration import Calibration, calibrate, log_loss
from kuzov.model.graph import freeze
from kuzov.model.head import Head, Labels, Logits
from kuzov.training.fine_tune import LabelledPhotos, fine_tune
from kuzov.training.judge import Choice, choose_regularisation, different_photos, fit_views, split_folds
from kuzov.training.learning_set import LearningSet
from kuzov.training.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A trained recogniser.

    Attributes:
        kept: Name of its stage, as the summary says it: "head" or "fine-tuned".
        backbone: Images to features, frozen; see `kuzov.model.graph.freeze`.
        head: On the normalised features.
        unseen_logits: Logits of training photos that the head was not fitted on, (M, C).
        unseen_labels: Their columns, (M,).
        calibration: Learned from these.
        validation_logits: Logits of the validation photos.
    """

    kept: str
    backbone: Any
    head: Head
    unseen_logits: Logits
    unseen_labels: Labels
    calibration: Calibration
    validation_logits: Logits

    def is_better_than(self, other: Candidate, labels: Labels) -> bool:
        """Whether it gets more validation photos right, or as many with truer probabilities."""
        return self._score(labels) > other._score(labels)

    def _score(self, labels: Labels) -> tuple[int, float]:
        right = int((self.validation_logits.argmax(axis=1) == labels).sum())
        return right, -log_loss(self.validation_logits / self.calibration.temperature, labels)


def first_stage(data: LearningSet, backbone: Backbone, config: TrainConfig) -> tuple[Candidate, Choice]:
    """A softmax head on the frozen backbone's features, its regularisation chosen by cross-validation.

    Where a class has a single training photo, the validation photos join the cross-validation: there is
    no other way to ask about a photo that the head has not seen.
    """
    few = min(different_photos(data.labels[data.train], data.groups[data.train])) < 2
    rows = slice(None) if few else data.train
    _require_different_photos(data, rows, "Cross-validation")
    choice = choose_regularisation(
        data.features[rows],
        data.labels[rows],
        data.groups[rows],
        candidates=config.head.inverse_regularisation,
        folds=config.head.folds,
        seed=config.seed,
    )
    head = fit_views(
        data.features[data.train],
        data.labels[data.train],
        classes=len(data.names),
        inverse_regularisation=choice.inverse_regularisation,
    )
    logits, labels = choice.out_of_fold.logits, data.labels[rows]
    candidate = Candidate(
        kept="head",
        backbone=backbone.frozen(),
        head=head,
        unseen_logits=logits,
        unseen_labels=labels,
        calibration=calibrate(logits, labels, accepted_fraction=config.accepted_fraction),
        validation_logits=head.logits(data.features[data.validation, 0]),
    )
    return candidate, choice


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
    head = fit_views(
        data.features[fit],
        labels[fit],
        classes=len(data.names),
        inverse_regularisation=inverse_regularisation,
    )
    train = [(photo.digest, photo.label) for photo in data.dataset.train]
    key = json.dumps([config.to_json(), backbone.fingerprint(), train]).encode()
    tuned = fine_tune(
        backbone.load(),
        head.divided(first.calibration.temperature),  # so that the loss starts where it is true
        LabelledPhotos(images[fit], labels[fit]),
        LabelledPhotos(images[held], labels[held]),
        config,
        workspace=cache / "fine-tune" / hashlib.sha256(key).hexdigest()[:16],
        tensorboard=tensorboard,
        progress=progress,
    )
    logits = tuned.logits(images)
    candidate = Candidate(
        kept="fine-tuned",
        backbone=freeze(tuned.backbone),
        head=tuned.head,
        unseen_logits=logits[held],
        unseen_labels=labels[held],
        calibration=calibrate(logits[held], labels[held], accepted_fraction=config.accepted_fraction),
        validation_logits=logits[data.validation],
    )
    return candidate, tuned.history


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
