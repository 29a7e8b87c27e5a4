"""The five models small in a photo: alone, and beside a smaller car of another model.

Made of the validation photos of russian-cars-5, each pasted as it is on a street that is blurred until no car
in it can be made out.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.photos import shared_data
from benchmarks.wild.figure import Figure, share
from benchmarks.wild.recognisers import answers

FRACTIONS = {"a tenth": 1 / 10, "a fifth": 1 / 5, "a third": 1 / 3, "a half": 1 / 2}
SIZE, BLUR_PX, QUALITY = (960, 720), 24, 90
OTHER_FRACTION, GAP_FRACTION = 0.6, 0.1  # of the car's width


def measure(wild: Path) -> Iterator[Figure]:
    """Right and accepted, by the car's part of the photo's width."""
    files = sorted((shared_data("russian-cars-5") / "validation").glob("*/*"))
    streets = sorted((wild / "streets").glob("*.jpg"))
    others = sorted((wild / "views").glob("*/front.jpg"))
    for company in ("alone", "beside another car"):
        for name, fraction in FRACTIONS.items():
            rng = np.random.default_rng(0)  # the same streets and cars whatever the fraction
            made = []
            for file in files:
                street, other = (_open(photos[rng.integers(len(photos))]) for photos in (streets, others))
                cars = [_open(file)] if company == "alone" else [_open(file), other]
                made.append(encode(paste(cars, blur(street), fraction, rng)))
            right = [
                answer.label == file.parent.name and not answer.is_unknown
                for file, answer in zip(files, answers(made), strict=True)
            ]
            yield share(f"{company}, {name} of the width: right and accepted", right)


def blur(street: Image.Image) -> Image.Image:
    """A street in which no car can be made out any more, of SIZE."""
    return street.resize(SIZE).filter(ImageFilter.GaussianBlur(BLUR_PX))


def paste(
    cars: Sequence[Image.Image], street: Image.Image, fraction: float, rng: np.random.Generator
) -> Image.Image:
    """Cars in a row, on one ground, in any order, anywhere on the street.

    Args:
        cars: The first takes `fraction` of the street's width, any other OTHER_FRACTION of that.
        street: What they are pasted on.
        fraction: In 0..0.5.
        rng: Draws their order and the place.
    """
    width = street.width * fraction
    resized = [
        car.resize((round(wide), max(1, round(wide * car.height / car.width))))
        for car, wide in zip(cars, [width, *[width * OTHER_FRACTION] * (len(cars) - 1)], strict=True)
    ]
    row, gap = [resized[place] for place in rng.permutation(len(resized))], round(width * GAP_FRACTION)
    left = rng.integers(street.width - sum(car.width for car in row) - gap * (len(row) - 1) + 1)
    ground = rng.integers(max(car.height for car in row), street.height + 1)
    pasted = street.copy()
    for car in row:
        pasted.paste(car, (int(left), int(ground) - car.height))
        left += car.width + gap
    return pasted


def encode(photo: Image.Image) -> bytes:
    """As JPEG."""
    jpeg = io.BytesIO()
    photo.save(jpeg, "JPEG", quality=QUALITY)
    return jpeg.getvalue()


def _open(file: Path) -> Image.Image:
    with Image.open(file) as photo:
        return photo.convert("RGB")
