"""The views of a photo that the head learns from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

import numpy as np
from PIL import Image

from kuzov.cars.cut_out import MARGIN, WHOLE, cut, cut_box
from kuzov.config import TrainConfig
from kuzov.data.augment import augment
from kuzov.images.framing import SPARE_PIXELS, Pixels
from kuzov.records import Car

# Besides the margin that the recogniser is shown: a detector's box is now a little loose, now cuts the car.
OTHER_MARGINS = (0.12, -0.04)


def view_car(
    image: Image.Image, car: Car | None, image_px: int, config: TrainConfig, rng: np.random.Generator
) -> Pixels:
    """All views of the car in a photo.

    Args:
        image: RGB, upright.
        car: Its most prominent car; None where there is none, and the whole photo is shown.
        image_px: Side of the backbone's input, in pixels.
        config: Its `features` and `augmentation` say which views.
        rng: Draws the random views.

    Returns:
        RGB uint8 (V, image_px, image_px, 3); the first is what the recogniser will be shown.
    """
    framed = cut(image, cut_box(car), image_px)
    framings = [framed]
    if config.features.reframed:
        seen = Car(box=WHOLE, score=0) if car is None else car
        framings += [cut(image, cut_box(seen, margin), image_px) for margin in OTHER_MARGINS]
    views = list(framings)
    if config.features.mirrored:
        views += [framing[:, ::-1] for framing in framings]
    for _ in range(config.features.augmented_views):
        views.append(np.rint(augment(framed, config.augmentation, rng)).clip(0, 255).astype(np.uint8))
    return np.stack(views)


def views_fingerprint(config: TrainConfig) -> str:
    """Changes whenever `view_car` would make other views; part of the key of cached features."""
    shaping: dict[str, object] = {
        "framing": [MARGIN, *OTHER_MARGINS, SPARE_PIXELS],
        **asdict(config.features),
    }
    if config.features.augmented_views:
        shaping |= {"seed": config.seed, **asdict(config.augmentation)}
    return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()[:16]
