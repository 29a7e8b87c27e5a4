from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from benchmarks.wild.small import SIZE, blur, encode, paste

STREET = Image.new("RGB", SIZE)


def columns(photo: Image.Image, channel: int) -> set[int]:
    return set(np.flatnonzero(np.asarray(photo)[..., channel].max(axis=0)).tolist())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fraction", [1 / 10, 1 / 2])
def test_a_car_takes_its_part_of_the_width_and_keeps_its_shape(fraction: float, seed: int) -> None:
    car = Image.new("RGB", (300, 200), "red")
    photo = np.asarray(paste([car], STREET, fraction, np.random.default_rng(seed)))
    shown = photo[..., 0] > 0
    assert shown.any(axis=0).sum() == SIZE[0] * fraction
    assert shown.any(axis=1).sum() == SIZE[0] * fraction * 2 / 3
    assert shown.sum() == (SIZE[0] * fraction) ** 2 * 2 / 3


@pytest.mark.parametrize("seed", range(5))
def test_another_car_stands_beside_it_smaller_and_on_the_same_ground(seed: int) -> None:
    cars = [Image.new("RGB", (300, 200), colour) for colour in ("red", "blue")]
    photo = paste(cars, STREET, 1 / 2, np.random.default_rng(seed))
    red, blue = columns(photo, 0), columns(photo, 2)
    assert (len(red), len(blue)) == (480, 288)
    assert not red & blue
    grounds = [np.flatnonzero(np.asarray(photo)[..., each].max(axis=1)).max() for each in (0, 2)]
    assert grounds[0] == grounds[1]


def test_either_car_may_stand_on_the_left() -> None:
    cars = [Image.new("RGB", (300, 200), colour) for colour in ("red", "blue")]
    photos = [paste(cars, STREET, 1 / 3, np.random.default_rng(seed)) for seed in range(8)]
    assert {min(columns(photo, 0)) < min(columns(photo, 2)) for photo in photos} == {True, False}


def test_the_street_is_left_as_it_is() -> None:
    paste([Image.new("RGB", (300, 200), "red")], STREET, 1 / 3, np.random.default_rng(0))
    assert STREET.getbbox() is None


def test_a_street_of_any_size_is_blurred_to_one_size() -> None:
    lines = Image.fromarray(np.tile(np.array([0, 255] * 80, np.uint8), (120, 1))).convert("RGB")
    blurred = blur(lines)
    assert blurred.size == SIZE
    assert np.ptp(np.asarray(blurred)[200:-200, 200:-200]) < 30


def test_a_photo_is_a_jpeg() -> None:
    assert Image.open(io.BytesIO(encode(STREET))).format == "JPEG"
