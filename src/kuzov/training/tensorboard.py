"""What a run leaves for TensorBoard: curves, weights, the photos' features as a map, and the doubtful photos.

A folder of logs holds one run of training. TensorBoard shows each folder inside as a line of its own:

    head/               the first stage: regularisation, learning curve, weights of the head, the settings
    train/ validation/  loss and accuracy of the fine-tuning by epoch, as Keras writes them
    weights/            the weights that the fine-tuning changes, by epoch
    photos/             the mistakes, the least certain photos, and the embedding projector's files
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from kuzov.cars.cut_out import read_cut_out
from kuzov.config import TrainConfig
from kuzov.training.candidate import Candidate
from kuzov.training.judge import Choice, accuracy
from kuzov.training.judgement import Judgement
from kuzov.training.learning_set import LearningSet
from kuzov.training.projector import readable, unwritable, write_projector

PICTURE_PX = 256
MOST_PICTURES = 24
"""Mistakes that are shown, and as many of the least certain photos."""


def log_first_stage(
    folder: Path,
    data: LearningSet,
    candidate: Candidate,
    choice: Choice,
    judgement: Judgement,
    config: TrainConfig,
) -> None:
    """Log how the head was found and how good it is.

    Args:
        folder: The run's logs; made if missing.
        data: The photos.
        candidate: The first stage's.
        choice: How the head's regularisation was chosen; a step is a candidate, the strongest first.
        judgement: By all photos; a step is a fold, or a number of photos of each class.
        config: The run's settings.

    Raises:
        KuzovError: The folder can't be written.
    """
    head, curve, crossed = candidate.classifier.head, judgement.learning_curve, judgement.cross_validation
    with _writer(folder / "head"):
        for step, row in enumerate(np.argsort(config.head.inverse_regularisation)):
            tf.summary.scalar("regularisation/C", config.head.inverse_regularisation[row], step)
            tf.summary.scalar("regularisation/accuracy", choice.accuracies[row], step)
            tf.summary.scalar("regularisation/log_loss", choice.log_losses[row], step)
        for shots, mean in zip(curve.shots, curve.mean, strict=True):
            tf.summary.scalar("learning_curve/accuracy", mean, shots, description="A step is photos a class.")
        for fold, part in enumerate(crossed.folds if crossed else ()):
            tf.summary.scalar("cross_validation/accuracy", part, fold, description="A step is a fold.")
        right = accuracy(candidate.validation_logits, data.labels[data.validation])
        tf.summary.scalar("validation/accuracy", right, 0)
        tf.summary.histogram("head/kernel", head.weights, 0)
        tf.summary.histogram("head/bias", head.bias, 0)
        tf.summary.text("settings", f"```toml\n{config.to_toml()}\n```", 0)


def epoch_logs(folder: Path) -> list[keras.callbacks.Callback]:
    """Callbacks that log the second stage: its curves, and histograms of the weights that it trains."""
    return [keras.callbacks.TensorBoard(folder), _TrainedWeights(folder / "weights")]


class _TrainedWeights(keras.callbacks.Callback):
    """Histograms of the trained weights; those of Keras' own callback hold every frozen one too.

    In a folder of its own, as TensorBoard reads one growing file a folder.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def on_train_begin(self, _logs: Mapping[str, float] | None = None) -> None:
        self._file = tf.summary.create_file_writer(str(self._folder))

    def on_epoch_end(self, epoch: int, _logs: Mapping[str, float] | None = None) -> None:
        with self._file.as_default():
            for weight in self.model.trainable_variables:
                tf.summary.histogram(weight.path, weight.value, epoch)

    def on_train_end(self, _logs: Mapping[str, float] | None = None) -> None:
        self._file.close()


def log_photos(folder: Path, data: LearningSet, candidate: Candidate) -> None:
    """Log the validation photos that the recogniser doubts or mistakes, and all photos' features as a map.

    The features are the frozen backbone's, also where a fine-tuned network was kept.

    Args:
        folder: The run's logs; made if missing.
        data: The photos.
        candidate: The recogniser that was kept.

    Raises:
        KuzovError: The folder can't be written.
        PhotoError: A photo can't be read any more.
    """
    scores = candidate.classifier.probabilities(candidate.validation_features)
    labels, answers, surest = data.labels[data.validation], scores.argmax(axis=1), scores.max(axis=1)
    wrong = np.flatnonzero(answers != labels)
    shown = {"mistakes": wrong[np.argsort(-surest[wrong])], "least certain": np.argsort(surest)}
    with _writer(folder / "photos"):
        tf.summary.scalar("mistakes", len(wrong), 0)
        for group, rows in shown.items():
            for place, row in enumerate(rows[:MOST_PICTURES]):
                photo, answer = data.dataset.validation[row], data.names[answers[row]].id
                # The number comes first, as TensorBoard sorts the pictures by name.
                name = readable(f"{group}/{place + 1:02} {photo.label}: {answer} {surest[row]:.1%}")
                facts = f"{photo.path.name}: shows {photo.label}, answered {answer} at {surest[row]:.1%}"
                picture = read_cut_out(photo.path, PICTURE_PX).pixels
                tf.summary.image(name, picture[np.newaxis], 0, description=readable(facts))
    write_projector(folder / "photos", data, [data.names[answer].id for answer in answers])


@contextmanager
def _writer(folder: Path) -> Iterator[None]:
    """What `tf.summary` writes goes into this folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    file = tf.summary.create_file_writer(str(folder))
    try:
        with file.as_default():
            yield
    finally:
        file.close()
