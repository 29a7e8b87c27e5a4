"""The views of a photo that the head learns from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

import numpy as np
from PIL import Image

from kuzov.config import TrainConfig
from kuzov.data.augment import augment
from kuzov.images.framing import KEPT_FRACTION, SPARE_PIXELS, Box, Pixels, frame, resize_box

SQUARE_FRACTION = 0.875


def view_photo(image: Image.Image, image_px: int, config: TrainConfig, rng: np.random.Generator) -> Pixels:
    """All views of a photo.

    Args:
        image: RGB, upright.
        image_px: Side of the backbone's input, in pixels.
        config: Its `features` and `augmentation` say which views.
        rng: Draws the random views.

    Returns:
        RGB uint8 (V, image_px, image_px, 3); the first is what the recogniser will be shown.
    """
    framed = frame(image, image_px)
    framings = [framed]
    if config.features.reframed:
        framings.append(resize_box(image, (0, 0, *image.size), image_px))
        framings.append(resize_box(image, square_box(*image.size), image_px))
    views = list(framings)
    if config.features.mirrored:
        views += [framing[:, ::-1] for framing in framings]
    for _ in range(config.features.augmented_views):
        views.append(np.rint(augment(framed, config.augmentation, rng)).clip(0, 255).astype(np.uint8))
    return np.stack(views)


def square_box(width: int, height: int) -> Box:
    """The centred square of 7/8 of the short side: the car at its true proportions, its ends cut off."""
    side = SQUARE_FRACTION * min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def views_fingerprint(config: TrainConfig) -> str:
    """Changes whenever `view_photo` would make other views; part of the key of cached features."""
    shaping: dict[str, object] = {
        "framing": [KEPT_FRACTION, SQUARE_FRACTION, SPARE_PIXELS],
        **asdict(config.features),
    }
    if config.features.augmented_views:
        shaping |= {"seed": config.seed, **asdict(config.augmentation)}
    return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()[:16]
