"""Which part of a photo the network sees, and how it becomes the network's pixels.

This is the one definition of the geometry; `kuzov.model.graph.frame` states it once more in TensorFlow
operations for the exported graph, and a test holds the two together on real photos.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

from kuzov.images.decode import MAX_PIXELS, decode

# People leave some room around the car. The middle nine tenths of both sides, stretched to the square, did
# better on russian-cars-5 than a square crop, the whole photo stretched, or a letterbox (docs/adr/0003).
KEPT_FRACTION = 0.9

# How many times the network's pixels a frame keeps where a photo is decoded at a fraction of its size. Then
# probabilities move less than by noise of one level in 255, and more gains nothing (docs/adr/0009).
SPARE_PIXELS = 2

Box = tuple[float, float, float, float]
Pixels = npt.NDArray[np.uint8]


def frame_box(width: int, height: int) -> Box:
    """The part that is shown to the network: (left, top, right, bottom) in pixels, fractions too."""
    left, top = width * (1 - KEPT_FRACTION) / 2, height * (1 - KEPT_FRACTION) / 2
    return left, top, width - left, height - top


def resize_box(image: Image.Image, box: Box, image_px: int) -> Pixels:
    """Resize a part of an RGB photo to the network's square, uint8 (image_px, image_px, 3).

    The filter is an antialiased triangle; a box that is not square is stretched.
    """
    resized = image.resize((image_px, image_px), Image.Resampling.BILINEAR, box=box)
    return np.asarray(resized, dtype=np.uint8)


def frame(image: Image.Image, image_px: int) -> Pixels:
    """Turn an RGB photo, oriented upright, into the network's input: uint8 (image_px, image_px, 3)."""
    return resize_box(image, frame_box(*image.size), image_px)


def least_side(image_px: int) -> int:
    """Pixels that both sides of a photo need, for its frame to be resized well to `image_px`."""
    return math.ceil(SPARE_PIXELS * image_px / KEPT_FRACTION)


def read_frame(
    source: str | os.PathLike[str] | bytes,
    image_px: int,
    *,
    name: str | None = None,
    max_pixels: int = MAX_PIXELS,
    admit: Callable[[int], None] | None = None,
) -> Pixels:
    """Decode a photo, no larger than needed, and frame it: RGB uint8, (image_px, image_px, 3).

    `decode` says what the arguments are.

    Raises:
        PhotoError: It can't be read.
    """
    least_px = least_side(image_px)
    image = decode(source, name=name, at_least_px=least_px, max_pixels=max_pixels, admit=admit)
    return frame(image, image_px)
