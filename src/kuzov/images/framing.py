"""A part of a photo as the network's pixels; which part it is `kuzov.cars` says."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from kuzov.records import Box

# How many times the network's pixels a photo keeps where it is decoded at a fraction of its size. Then
# probabilities move less than by noise of one level in 255, and more gains nothing (docs/adr/0009).
SPARE_PIXELS = 2

Pixels = npt.NDArray[np.uint8]


def resize_box(image: Image.Image, box: Box, image_px: int) -> Pixels:
    """Resize a part of an RGB photo to the network's square, uint8 (image_px, image_px, 3).

    The filter is an antialiased triangle; a box, in pixels and fractions of them, that is not square is
    stretched.
    """
    resized = image.resize((image_px, image_px), Image.Resampling.BILINEAR, box=box)
    return np.asarray(resized, dtype=np.uint8)


def least_side(image_px: int) -> int:
    """Pixels that both sides of a photo need, for what fills it to be resized well to `image_px`."""
    return SPARE_PIXELS * image_px
