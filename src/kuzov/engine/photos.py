"""Encoded photos as the tensor that a network takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kuzov.errors import ErrorCode, PhotoError, RequestError
from kuzov.images.decode import MAX_PIXELS
from kuzov.images.framing import read_frame

PHOTO_INPUT = "image_bytes"


def decode_photos(
    photos: Sequence[bytes] | npt.NDArray[Any], image_px: int, *, max_pixels: int = MAX_PIXELS
) -> npt.NDArray[np.float32]:
    """Decode and frame the photos of a request.

    Args:
        photos: Encoded photos, (N,).
        image_px: Side of the network's square input, in pixels.
        max_pixels: The largest photo that is decoded, by the size that its header tells.

    Returns:
        RGB float32, (N, image_px, image_px, 3) in 0..255.

    Raises:
        RequestError: INVALID where a photo can't be decoded; the text says which row and why.
    """
    images = np.empty((len(photos), image_px, image_px, 3), np.float32)
    for row, photo in enumerate(photos):
        try:
            images[row] = read_frame(photo, image_px, name=f"{PHOTO_INPUT}[{row}]", max_pixels=max_pixels)
        except PhotoError as error:
            raise RequestError(ErrorCode.INVALID, str(error)) from error
    return images
