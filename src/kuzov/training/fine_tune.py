"""The second stage: the backbone's last layers and the head, trained by Keras."""

from __future__ import annotations

import math
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
from kuzov.progress import Progress
from kuzov.training.checkpoints import Checkpoints
from kuzov.training.frames import FrameFile
from kuzov.training.judge import Rows

HEAD_LAYER = "head"
# The slope of a square root has no bound at zero.
LEAST_FEATURE = 1e-6
PREDICTED_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class LabelledFrames:
    """Some framed photos with their classes.

    Attributes:
        frames: What they are some of, RGB uint8 (M, image_px, image_px, 3) when asked for by rows.
        rows: Which, (N,).
        labels: Their columns, (N,).
    """

    frames: FrameFile | Pixels
    rows: Rows
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

    def features(self, photos: LabelledFrames) -> Features:
        """Of framed photos: float32 (N, D), not normalised."""
        found: Features = self.backbone.predict(_Batches(photos, PREDICTED_AT_ONCE), verbose=0)
        return found


class _Batches(keras.utils.PyDataset):
    """Photos in their order, a batch at a time in memory."""

    def __init__(self, photos: LabelledFrames, size: int) -> None:
        super().__init__()
        self._photos, self._size = photos, size

    def __len__(self) -> int:
        return math.ceil(len(self._photos.rows) / self._size)

    def __getitem__(self, step: int) -> tuple[npt.NDArray[np.float32], Labels]:
        batch = self._chosen(step)
        return self._seen(self._photos.frames[self._photos.rows[batch]], step), self._photos.labels[batch]

    def _chosen(self, step: int) -> Rows:
        """Places of a batch's photos among all."""
        return np.arange(len(self._photos.rows))[step * self._size : (step + 1) * self._size]

    def _seen(self, frames: Pixels, _step: int) -> npt.NDArray[np.float32]:
        return frames.astype(np.float32)


class _AugmentedBatches(_Batches):
    """Photos in a new order and under new random transformations each epoch, repeatable by the seed."""

    def __init__(self, photos: LabelledFrames, config: TrainConfig) -> None:
        super().__init__(photos, config.fine_tune.batch_size)
        self._config = config
        self.epoch = 0

    def _chosen(self, step: int) -> Rows:
        order = np.random.default_rng([self._config.seed, self.epoch]).permutation(len(self._photos.rows))
        return order[step * self._size : (step + 1) * self._size]

    def _seen(self, frames: Pixels, step: int) -> npt.NDArray[np.float32]:
        rng = np.random.default_rng([self._config.seed, self.epoch, step])
        return np.stack([augment(frame, self._config.augmentation, rng) for frame in frames])


class _EpochClock(keras.callbacks.Callback):
    """Tells the photos which epoch it is, after a resume too, and the user how far it is."""

    def __init__(self, photos: _AugmentedBatches, epochs: int, progress: Progress) -> None:
        super().__init__()
        self._photos, self._epochs, self._progress = photos, epochs, progress

    def on_epoch_begin(self, epoch: int, _logs: Mapping[str, float] | None = None) -> None:
        self._photos.epoch = epoch
        self._progress("fine-tune", epoch, self._epochs)


def fine_tune(
    backbone: keras.Model,
    head: Head,
    photos: LabelledFrames,
    held_out: LabelledFrames,
    config: TrainConfig,
    *,
    workspace: Path,
    callbacks: Sequence[keras.callbacks.Callback],
    progress: Progress,
) -> FineTuned:
    """Train the last layers and the head, starting from what the first stage found.

    Training stops when the loss of the photos held out no longer falls, and the epoch with the smallest one
    is taken. BatchNormalization keeps its ImageNet statistics, which a few dozen photos would spoil.

    Args:
        backbone: Changed in place.
        head: To start from; not fitted on the photos held out.
        photos: To train on.
        held_out: To stop by.
        config: Its `fine_tune` and `augmentation`.
        workspace: Where epochs are saved, so that the same call goes on after a kill.
        callbacks: What else is told of the epochs.
        progress: Told of them too.
    """
    keras.utils.set_random_seed(config.seed)
    tf.config.experimental.enable_op_determinism()
    model, epochs = _build(backbone, head, config), config.fine_tune.epochs
    augmented = _AugmentedBatches(photos, config)
    checkpoints = Checkpoints(workspace, patience=config.fine_tune.patience)
    checkpoints.restore_last(model)
    if not checkpoints.finished:
        model.fit(
            augmented,
            validation_data=_Batches(held_out, config.fine_tune.batch_size),
            initial_epoch=checkpoints.epochs,
            epochs=epochs,
            callbacks=[_EpochClock(augmented, epochs, progress), checkpoints, *callbacks],
            shuffle=False,  # the photos come in an order of their own, the same after a resume
            verbose=0,
        )
    progress("fine-tune", epochs, epochs)
    checkpoints.restore_best(model)
    weights, bias = model.get_layer(HEAD_LAYER).get_weights()
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
