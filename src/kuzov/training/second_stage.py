"""The second stage of training: Keras trains the backbone's last layers on, and they are frozen anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kuzov.config import TrainConfig
from kuzov.model.backbones import Backbone
from kuzov.model.familiarity import make_prototypes
from kuzov.model.freeze import freeze
from kuzov.model.head import Features
from kuzov.progress import Progress
from kuzov.training.candidate import Candidate, Unseen, calibrated, require_different_photos
from kuzov.training.fine_tune import FineTuned, LabelledFrames, fine_tune
from kuzov.training.frames import frames_on_disk
from kuzov.training.judge import Rows, different_photos, fit_views, split_folds
from kuzov.training.learning_set import LearningSet
from kuzov.training.tensorboard import epoch_logs
from kuzov.words import Words

_FINE_TUNING = Words("Fine-tuning", "Дообучению")


def second_stage(
    data: LearningSet,
    first: Candidate,
    backbone: Backbone,
    config: TrainConfig,
    *,
    inverse_regularisation: float,
    workspace: Path,
    logs: Path | None,
    progress: Progress,
) -> tuple[Candidate, Mapping[str, Sequence[float]]]:
    """The backbone's last layers and the head trained on; resumes where a kill stopped it.

    One fold of the training photos is held out, to stop by and to calibrate on. `logs` is the folder for
    TensorBoard's, None for none.

    Returns:
        The candidate, and its loss and accuracy by epoch.
    """
    require_different_photos(data, data.train, _FINE_TUNING)
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
            callbacks=[] if logs is None else epoch_logs(logs),
            progress=progress,
        )
        features = tuned.features(LabelledFrames(frames, np.arange(len(labels)), labels))
    return _tuned_candidate(data, tuned, features, (fit, held)), tuned.history


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
        network=freeze(tuned.backbone),
        classifier=calibrated(tuned.head, prototypes, unseen, photos),
        unseen=unseen,
        validation_features=features[data.validation],
    )
