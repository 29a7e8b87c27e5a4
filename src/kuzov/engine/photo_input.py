"""Encoded photos as the tensors that a network takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kuzov.cars.cut_out import CutOut, read_cut_outs
from kuzov.errors import ErrorCode, OverloadedError, PhotoError, RequestError
from kuzov.images.decode import MAX_PIXELS
from kuzov.network import Tensors
from kuzov.records import MOST_CARS

PHOTO_INPUT = "image_bytes"
CARS = "cars"  # the signature that answers for each car of a photo

# How many photos of the largest size a request may hold, or smaller ones of as many pixels: small photos may
# claim and fill large sizes, and one request shall not hold a thread for minutes.
LARGEST_PHOTOS = 8
# Cars of a request beyond one a photo: a photo of some kilobytes may show eight, and each becomes an image.
MOST_FURTHER_CARS = 1000


def read_photos(
    photos: Sequence[bytes] | npt.NDArray[Any], image_px: int, framing: str, *, max_pixels: int = MAX_PIXELS
) -> list[list[CutOut]]:
    """Decode the N encoded photos of a request, and cut out what the network is shown of each.

    None may have more than `max_pixels`, by the size that its header tells, nor all together LARGEST_PHOTOS
    times as many. `framing` is as `kuzov.cars.cut_out.read_parts` takes it.

    Raises:
        RequestError: INVALID where a photo can't be decoded, and the text says which row and why; or where
            the photos have too many pixels or show too many cars together.
        OverloadedError: There is not enough memory for a photo now.
    """
    found: list[list[CutOut]] = []
    further_cars = 0
    admit = _budget(LARGEST_PHOTOS * max_pixels)
    for row, photo in enumerate(photos):
        name = f"{PHOTO_INPUT}[{row}]"
        try:
            parts = read_cut_outs(photo, image_px, framing, name=name, max_pixels=max_pixels, admit=admit)
        except PhotoError as error:
            raise RequestError(ErrorCode.INVALID, str(error), error.kind) from error
        except MemoryError as error:
            raise OverloadedError(f"There is not enough memory for {name} now; try again later.") from error
        found.append(parts)
        further_cars += len(parts) - 1
        if further_cars > MOST_FURTHER_CARS:
            raise RequestError(
                ErrorCode.INVALID,
                f"The first {row + 1:,} photos of this request show {row + 1 + further_cars:,} cars, "
                "which are too many for one. Send fewer photos at a time.",
            )
    return found


def main_car_tensors(photos: Sequence[Sequence[CutOut]], image_px: int) -> Tensors:
    """Of N photos the first part: `image` (N, px, px, 3), `car_box` (N, 4), `car_score` (N,), 0 for none."""
    image = np.empty((len(photos), image_px, image_px, 3), np.float32)
    box, score = np.empty((len(photos), 4), np.float32), np.zeros(len(photos), np.float32)
    for row, (part, *_) in enumerate(photos):
        image[row], box[row] = part.pixels, part.box
        score[row] = part.car.score if part.car else 0
    return {"image": image, "car_box": box, "car_score": score}


def cars_tensors(photos: Sequence[Sequence[CutOut]], image_px: int) -> Tensors:
    """Of N photos all K cars: `image` (K, px, px, 3), `boxes` (N, 8, 4), `scores` (N, 8), 0 for none."""
    boxes, scores = (
        np.zeros((len(photos), MOST_CARS, 4), np.float32),
        np.zeros((len(photos), MOST_CARS), np.float32),
    )
    pixels = []
    for row, parts in enumerate(photos):
        for column, part in enumerate(parts):
            if part.car:
                pixels.append(part.pixels)
                boxes[row, column], scores[row, column] = part.box, part.car.score
    image = np.array(pixels, np.float32).reshape(-1, image_px, image_px, 3)
    return {"image": image, "boxes": boxes, "scores": scores}


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
