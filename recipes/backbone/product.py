"""Trained weights in the product's own network, seen through the product's own framing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

from kuzov.model.backbones import Backbone, set_weights
from kuzov.model.efficientnet_lite import efficientnet_lite
from kuzov.model.head import Features
from kuzov.network import Network

BATCH_PHOTOS = 8


def backbone_from(file: Path, image_px: int, *, width: float = 1.0, depth: float = 1.0) -> Backbone:
    """A backbone with weights from anywhere, as the recipe writes them."""
    tensors = load_file(file)

    def build() -> keras.Model:
        model = efficientnet_lite(width=width, depth=depth, image_px=image_px, name="backbone")
        set_weights(model, tensors)
        return model

    return Backbone(name=str(file), image_px=image_px, build=build)


def embed(network: Network, images: Iterable[npt.NDArray[np.uint8]]) -> Features:
    """Features of framed photos, (N, D), a few at a time; (0, 0) for none."""
    found: list[Features] = []
    batch: list[npt.NDArray[np.uint8]] = []
    for image in images:
        batch.append(image)
        if len(batch) == BATCH_PHOTOS:
            found.append(_embed_batch(network, batch))
            batch = []
    if batch:
        found.append(_embed_batch(network, batch))
    return np.concatenate(found) if found else np.zeros((0, 0), np.float32)


def _embed_batch(network: Network, batch: list[npt.NDArray[np.uint8]]) -> Features:
    features: Features = network({"image": np.stack(batch).astype(np.float32)})["features"].copy()
    return features
