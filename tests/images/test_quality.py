from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from kuzov.data.synthetic import BODIES, draw_car
from kuzov.images.decode import decode
from kuzov.images.quality import BLURRED_BELOW, DARK_BELOW, EXTREME_ASPECT, TINY_PX, measure


@pytest.fixture
def car() -> Image.Image:
    return draw_car(BODIES[0], (480, 320), np.random.default_rng(5))


def blurred(image: Image.Image, radius: float) -> Image.Image:
    """By so many pixels of a picture whose shorter side has 256."""
    return image.filter(ImageFilter.GaussianBlur(radius * min(image.size) / 256))


def darkened(image: Image.Image, brightness: float) -> Image.Image:
    return image.point(lambda value: round(value * brightness))


def test_the_size_and_its_aspect_are_told() -> None:
    wide, high = measure(Image.new("RGB", (300, 100))), measure(Image.new("RGB", (100, 250)))
    assert (wide.width, wide.height, wide.aspect) == (300, 100, 3.0)
    assert (high.width, high.height, high.aspect) == (100, 250, 2.5)


def test_one_colour_is_dull() -> None:
    white = measure(Image.new("RGB", (40, 40), "white"))
    assert (white.sharpness, white.brightness) == (0.0, 1.0)
    # BT.601's luminance of blue, in whole levels of 255
    assert measure(Image.new("RGB", (40, 40), "blue")).brightness == pytest.approx(29 / 255)


def test_a_chessboard_is_as_sharp_as_can_be() -> None:
    pixels = np.indices((64, 64)).sum(axis=0) % 2 * np.uint8(255)
    board = measure(Image.fromarray(pixels.astype(np.uint8)).convert("RGB"))
    assert board.brightness == 0.5
    assert board.sharpness == pytest.approx(64, rel=0.05)  # the Laplacian is ±4, the luminance ±1/2


def test_one_pixel_can_be_measured() -> None:
    assert measure(Image.new("RGB", (1, 1), "white")).sharpness == 0.0


def test_blur_lowers_the_sharpness_alone(car: Image.Image) -> None:
    whole, soft = measure(car), measure(blurred(car, 4))
    assert soft.sharpness < BLURRED_BELOW < whole.sharpness
    assert soft.brightness == pytest.approx(whole.brightness, abs=0.01)


def test_darkness_leaves_the_sharpness(car: Image.Image) -> None:
    whole, dark = measure(car), measure(darkened(car, 0.1))
    assert dark.brightness < DARK_BELOW < whole.brightness
    assert dark.sharpness == pytest.approx(whole.sharpness, rel=0.3)


def test_a_large_photo_is_judged_by_what_is_seen_of_it(car: Image.Image) -> None:
    large = draw_car(BODIES[0], (1440, 960), np.random.default_rng(5))
    assert measure(large).sharpness == pytest.approx(measure(car).sharpness, rel=0.5)
    assert measure(blurred(large, 4)).sharpness < BLURRED_BELOW


def test_the_real_photos_are_good_and_spoilt_ones_are_found(real_photos: Path) -> None:
    for photo in sorted((real_photos / "validation").rglob("*.*")):
        image = decode(photo)
        found = measure(image)
        assert found.sharpness >= 4 * BLURRED_BELOW, photo
        assert found.brightness >= DARK_BELOW + 0.1, photo
        assert found.aspect < EXTREME_ASPECT, photo
        assert min(image.size) >= TINY_PX, photo
        assert measure(blurred(image, 4)).sharpness < BLURRED_BELOW / 2, photo
        assert measure(darkened(image, 0.1)).brightness < DARK_BELOW, photo
