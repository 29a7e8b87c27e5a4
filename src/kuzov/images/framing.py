"""Which part of a photo the network sees, and how it becomes the network's pixels.

This is the one definition of the geometry; `kuzov.model.preprocessing` states it once more in TensorFlow
operations for the exported graph, and a test holds the two together on real photos.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

# People leave some room around the car. The middle nine tenths of both sides, stretched to the square, did
# better on russian-cars-5 than a square crop, the whole photo stretched, or a letterbox (docs/adr/0003).
KEPT_FRACTION = 0.9

Box = tuple[float, float, float, float]
Pixels = npt.NDArray[np.uint8]


def frame_box(width: int, height: int) -> Box:
    """The part that is shown to the network: (left, top, right, bottom) in pixels, fractions too."""
    left, top = width * (1 - KEPT_FRACTION) / 2, height * (1 - KEPT_FRACTION) / 2
    return left, top, width - left, height - top


def resize_box(image: Image.Image, box: Box, image_px: int) -> Pixels:
    """Resize a part of an RGB photo to the network's square, with an antialiased triangle filter.

    Returns:
        RGB uint8, (image_px, image_px, 3). A box that is not square is stretched.
    """
    resized = image.resize((image_px, image_px), Image.Resampling.BILINEAR, box=box)
    return np.asarray(resized, dtype=np.uint8)


def frame(image: Image.Image, image_px: int) -> Pixels:
    """Turn an RGB photo, oriented upright, into the network's input: uint8 (image_px, image_px, 3)."""
    return resize_box(image, frame_box(*image.size), image_px)
