from __future__ import annotations

import keras
import numpy as np
import numpy.typing as npt
import pytest

from kuzov.model import backbones
from kuzov.model.backbones import Backbone

Features = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


def views_of(labels: Labels, *, views: int = 2, noise: float = 0.1) -> Features:
    """Features (N, V, 8) around one random direction a class."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(0, 1, (int(labels.max()) + 1, 8))
    rows = centres[labels][:, np.newaxis] + noise * rng.normal(size=(len(labels), views, 8))
    return rows.astype(np.float32)


def names(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def build() -> keras.Model:
    """A network of a few weights that tells the drawn cars apart, a little."""
    rng = np.random.default_rng(0)
    image = keras.Input((32, 32, 3), name="image")
    x = keras.layers.Rescaling(1 / 128, offset=-1)(image)
    first, second = keras.layers.Conv2D(16, 5, 2, "same"), keras.layers.Conv2D(48, 3, 2, "same")
    x = second(keras.layers.ReLU()(first(x)))
    model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(x)))
    for layer in (first, second):
        layer.set_weights([rng.normal(0, 0.2, weight.shape) for weight in layer.get_weights()])
    return model


@pytest.fixture(scope="session")
def tiny() -> Backbone:
    return Backbone(name="tiny", image_px=32, build=build)


@pytest.fixture
def tiny_in_table(tiny: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbones, "BACKBONES", {**backbones.BACKBONES, "tiny": tiny})
