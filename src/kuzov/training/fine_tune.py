"""The second stage: the backbone's last layers and the head, trained by Keras."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from kuzov.config import TrainConfig
from kuzov.data.augment import augment
from kuzov.images.framing import Pixels
from kuzov.model.head import Features, Head, Labels
from kuzov.training.checkpoints import Checkpoints
from kuzov.training.progress import Progress
from kuzov.training.tensorboard import epoch_logs

HEAD_LAYER = "head"
# The slope of a square root has no bound at zero.
LEAST_FEATURE = 1e-6


@dataclass(frozen=True, slots=True)
class LabelledPhotos:
    """Framed photos, uint8 (N, image_px, image_px, 3), and their columns, (N,)."""

    images: Pixels
    labels: Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuned:
    """A fine-tuned network.

    Attributes:
        backbone: Images to features, its last layers changed.
        head: On the directions of the features.
        history: Loss and accuracy of each epoch on the photos trained on and (val_…) held out.
    """

    backbone: keras.Model
    head: Head
    history: Mapping[str, Sequence[float]]

    def features(self, images: Pixels) -> Features:
        """Of framed photos, uint8 (N, image_px, image_px, 3): float32 (N, D), not normalised."""
        found: Features = self.backbone.predict(images.astype(np.float32), batch_size=16, verbose=0)
        return found


class _AugmentedPhotos(keras.utils.PyDataset):
    """Photos in a new order and under new random transformations each epoch, repeatable by the seed."""

    def __init__(self, photos: LabelledPhotos, config: TrainConfig) -> None:
        super().__init__()
        self._images, self._labels, self._config = photos.images, photos.labels, config
        self.epoch = 0

    def __len__(self) -> int:
        return math.ceil(len(self._labels) / self._config.fine_tune.batch_size)

    def __getitem__(self, step: int) -> tuple[npt.NDArray[np.float32], Labels]:
        size = self._config.fine_tune.batch_size
        order = np.random.default_rng([self._config.seed, self.epoch]).permutation(len(self._labels))
        rows = order[step * size : (step + 1) * size]
        rng = np.random.default_rng([self._config.seed, self.epoch, step])
        views = [augment(self._images[row], self._config.augmentation, rng) for row in rows]
        return np.stack(views), self._labels[rows]


class _EpochClock(keras.callbacks.Callback):
    """Tells the photos which epoch it is, after a resume too, and the user how far it is."""

    def __init__(self, photos: _AugmentedPhotos, epochs: int, progress: Progress) -> None:
        super().__init__()
        self._photos, self._epochs, self._progress = photos, epochs, progress

    def on_epoch_begin(self, epoch: int, _logs: Mapping[str, float] | None = None) -> None:
        self._photos.epoch = epoch
        self._progress("fine-tune", epoch, self._epochs)


def fine_tune(
    backbone: keras.Model,
    head: Head,
    photos: LabelledPhotos,
    held_out: LabelledPhotos,
    config: TrainConfig,
    *,
    workspace: Path,
    tensorboard: Path | None,
    progress: Progress,
) -> FineTuned:
    """Train the last layers and the head, starting from what the first stage found.

    Training stops when the loss of the photos held out no longer falls, and the epoch with the smallest one
    is taken. BatchNormalization keeps its ImageNet statistics, which a few dozen photos would
    spoil.

    Args:
        backbone: Changed in place.
        head: To start from; not fitted on the photos held out.
        photos: To train on.
        held_out: To stop by.
        config: Its `fine_tune` and `augmentation`.
        workspace: Where epochs are saved, so that the same call goes on after a kill; removed at the end.
        tensorboard: Folder for TensorBoard's logs, if wanted.
        progress: Told of the epochs.
    """
    keras.utils.set_random_seed(config.seed)
    tf.config.experimental.enable_op_determinism()
    model = _build(backbone, head, config)
    augmented = _AugmentedPhotos(photos, config)
    held = (held_out.images.astype(np.float32), held_out.labels)
    checkpoints = Checkpoints(workspace, patience=config.fine_tune.patience)
    checkpoints.restore_last(model)
    callbacks = [_EpochClock(augmented, config.fine_tune.epochs, progress), checkpoints]
    if tensorboard is not None:
        callbacks += epoch_logs(tensorboard)
    if not checkpoints.finished:
        model.fit(
            augmented,
            validation_data=held,
            initial_epoch=checkpoints.epochs,
            epochs=config.fine_tune.epochs,
            callbacks=callbacks,
            shuffle=False,  # the photos come in an order of their own, the same after a resume
            verbose=0,
        )
    progress("fine-tune", config.fine_tune.epochs, config.fine_tune.epochs)
    checkpoints.restore_best(model)
    weights, bias = model.get_layer(HEAD_LAYER).get_weights()
    shutil.rmtree(workspace, ignore_errors=True)
    return FineTuned(backbone=backbone, head=Head(weights=weights, bias=bias), history=checkpoints.history)


def _build(backbone: keras.Model, head: Head, config: TrainConfig) -> keras.Model:
    backbone.trainable = True
    last = backbone.layers[-config.fine_tune.layers :]
    for layer in backbone.layers:
        # The call's training=False does not hold in `fit`: Keras hands its own down. A frozen one holds.
        layer.trainable = layer in last and not isinstance(layer, keras.layers.BatchNormalization)
    images = keras.Input(backbone.input_shape[1:])
    features = backbone(images, training=False)
    roots = keras.ops.sqrt(keras.ops.maximum(features, LEAST_FEATURE))
    directions = keras.layers.UnitNormalization(name="directions")(roots)
    logits = keras.layers.Dense(head.bias.size, name=HEAD_LAYER)(directions)
    model = keras.Model(images, logits)
    model.get_layer(HEAD_LAYER).set_weights([head.weights, head.bias])
    model.compile(
        optimizer=keras.optimizers.Adam(config.fine_tune.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model
