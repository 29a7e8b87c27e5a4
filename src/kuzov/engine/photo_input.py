"""Encoded photos as the tensor that a network takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kuzov.errors import ErrorCode, OverloadedError, PhotoError, RequestError
from kuzov.images.decode import MAX_PIXELS
from kuzov.images.framing import read_frame

PHOTO_INPUT = "image_bytes"

# How many photos of the largest size a request may hold, or smaller ones of as many pixels: small photos may
# claim and fill large sizes, and one request shall not hold a thread for minutes.
LARGEST_PHOTOS = 8


def decode_photos(
    photos: Sequence[bytes] | npt.NDArray[Any], image_px: int, *, max_pixels: int = MAX_PIXELS
) -> npt.NDArray[np.float32]:
    """Decode and frame the N encoded photos of a request: RGB float32, (N, image_px, image_px, 3) in 0..255.

    None may have more than `max_pixels`, by the size that its header tells, nor all together LARGEST_PHOTOS
    times as many.

    Raises:
        RequestError: INVALID where a photo can't be decoded, and the text says which row and why; or where
            the photos have too many pixels together.
        OverloadedError: There is not enough memory for a photo now.
    """
    images = np.empty((len(photos), image_px, image_px, 3), np.float32)
    admit = _budget(LARGEST_PHOTOS * max_pixels)
    for row, photo in enumerate(photos):
        name = f"{PHOTO_INPUT}[{row}]"
        try:
            images[row] = read_frame(photo, image_px, name=name, max_pixels=max_pixels, admit=admit)
        except PhotoError as error:
            raise RequestError(ErrorCode.INVALID, str(error), error.kind) from error
        except MemoryError as error:
            raise OverloadedError(f"There is not enough memory for {name} now; try again later.") from error
    return images


def _budget(limit: int) -> Callable[[int], None]:
    """What adds up the pixels of one photo after another, and raises once they are too many."""
    total = 0

    def admit(pixels: int) -> None:
        nonlocal total
        total += pixels
        if total > limit:
            text = (
                f"The photos of one request may have {limit:,} pixels together; the first ones of this have "
                f"{total:,}. Send fewer at a time, or smaller ones."
            )
            raise RequestError(ErrorCode.INVALID, text, "large_image")

    return admit
