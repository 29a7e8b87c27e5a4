"""What can be told of a photo's quality without knowing what it shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

TINY_PX = 96
"""A shorter side of fewer pixels is too small to tell one model from another."""

EXTREME_ASPECT = 4.0
"""Longer side over shorter side of a banner; a car from the side, cut out closely, has up to about 3.5."""

BLURRED_BELOW = 0.01
"""Sharpness: russian-cars-5 has 0.05 and more; blurred by 2 pixels of 256 it has 0.008 at most."""

DARK_BELOW = 0.12
"""Brightness: russian-cars-5 has 0.22 and more; at a tenth of its brightness it has 0.09 at most."""

_MEASURED_PX = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Measures of one photo; its width and height are pixels, upright.

    Attributes:
        aspect: Longer side over shorter side, 1 and more.
        sharpness: Variance of the Laplacian over the variance of the luminance, 0..about 20 (noise); 0 where
            the photo is of one colour.
        brightness: Mean luminance, 0..1.
    """

    width: int
    height: int
    aspect: float
    sharpness: float
    brightness: float


def measure(image: Image.Image) -> Quality:
    """Measure an RGB photo, upright and whole: one that was decoded at a fraction of its size looks sharper.

    Luminance is that of ITU-R BT.601. The variance of the Laplacian tells how well a picture is focused
    (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", 2000). It is taken at a shorter
    side of 256 pixels at most, so that a large photo is judged by what is seen of it, and set in relation to
    the luminance's own variance, so that a dark or pale photo is not called blurred.
    """
    grey = image.convert("L")
    scale = _MEASURED_PX / min(grey.size)
    if scale < 1:
        small = (round(grey.width * scale), round(grey.height * scale))
        grey = grey.resize(small, Image.Resampling.BILINEAR)
    luminance = np.asarray(grey, np.float32) / 255
    padded = np.pad(luminance, 1, mode="edge")
    laplacian = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] - 4 * luminance
    variance = float(luminance.var())
    return Quality(
        width=image.width,
        height=image.height,
        aspect=max(image.size) / min(image.size),
        sharpness=float(laplacian.var()) / variance if variance > 0 else 0.0,
        brightness=float(luminance.mean()),
    )
