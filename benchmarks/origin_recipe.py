"""The recipe that kuzov replaces: EfficientNetB0 by Keras, 30 epochs frozen, 30 with ten layers free.

    python -m benchmarks.origin_recipe PHOTOS

Times a few epochs of each phase and scales them to 30, the first one counted once, with the notebook's
callbacks (TensorBoard with histograms, checkpoints of the weights), and prints seconds as JSON. The weights
are random, as nothing is downloaded; that changes no timing.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
started = time.monotonic()
import keras
from keras.src.legacy.preprocessing.image import ImageDataGenerator

EPOCHS_A_PHASE = 30
TIMED_EPOCHS = 3
IMAGE_PX, BATCH = 224, 32


def build() -> tuple[keras.Model, keras.Model]:
    """The backbone, frozen, and the network on it."""
    shape = (IMAGE_PX, IMAGE_PX, 3)
    backbone = keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=shape)
    backbone.trainable = False
    images = keras.Input(shape)
    x = keras.layers.GlobalAveragePooling2D()(backbone(images, training=False))
    probabilities = keras.layers.Dense(5, activation="softmax")(keras.layers.Dropout(0.5)(x))
    return backbone, keras.Model(images, probabilities)


def flow(folder: Path, **settings: Any) -> Any:
    """Batches of a folder of photos."""
    size = (IMAGE_PX, IMAGE_PX)
    return ImageDataGenerator(**settings).flow_from_directory(folder, target_size=size, batch_size=BATCH)


def seconds_a_phase(model: keras.Model, train: Any, validation: Any, logs: Path) -> float:
    """Time of 30 epochs: the first, which builds the graph, and 29 times the mean of a few more."""
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    ticks = [time.monotonic()]
    callbacks = [
        keras.callbacks.TensorBoard(logs, histogram_freq=1),
        keras.callbacks.ModelCheckpoint(
            logs / "best.weights.h5", save_weights_only=True, monitor="val_accuracy", save_best_only=True
        ),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda _epoch, _logs: ticks.append(time.monotonic())),
    ]
    epochs = 1 + TIMED_EPOCHS
    model.fit(train, validation_data=validation, epochs=epochs, callbacks=callbacks, verbose=0)
    first, last = ticks[1], ticks[-1]
    return first - ticks[0] + (last - first) / TIMED_EPOCHS * (EPOCHS_A_PHASE - 1)


def main() -> None:
    """Time both phases."""
    photos = Path(sys.argv[1])
    warnings.simplefilter("ignore")
    sys.stdout = sys.stderr  # Keras tells how many photos it found
    train = flow(
        photos / "train",
        rotation_range=40,
        width_shift_range=0.2,
        height_shift_range=0.2,
        shear_range=0.2,
        zoom_range=0.2,
        horizontal_flip=True,
        fill_mode="nearest",
    )
    validation = flow(photos / "validation")
    backbone, model = build()
    start_up = time.monotonic() - started
    with tempfile.TemporaryDirectory() as logs:
        frozen = seconds_a_phase(model, train, validation, Path(logs))
        backbone.trainable = True
        for layer in backbone.layers[:-10]:
            layer.trainable = False
        free = seconds_a_phase(model, train, validation, Path(logs))
    sys.stdout = sys.__stdout__
    print(json.dumps({"total": start_up + frozen + free}))


if __name__ == "__main__":
    main()
