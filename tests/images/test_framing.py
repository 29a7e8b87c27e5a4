import numpy as np
from PIL import Image

from kuzov.images.framing import least_side, resize_box


def test_a_square_is_of_bytes() -> None:
    pixels = resize_box(Image.new("RGB", (50, 31), (10, 20, 30)), (0, 0, 50, 31), 24)
    assert pixels.shape == (24, 24, 3)
    assert pixels.dtype == np.uint8
    assert (pixels == (10, 20, 30)).all()


def test_a_box_that_is_not_square_is_stretched() -> None:
    photo = Image.new("RGB", (40, 20), "black")
    photo.paste((255, 255, 255), (0, 0, 20, 20))
    pixels = resize_box(photo, (0, 0, 40, 20), 10)
    assert (pixels[:, :4] == 255).all()
    assert (pixels[:, 6:] == 0).all()


def test_reducing_is_antialiased() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    pixels = resize_box(Image.fromarray(stripes), (0, 0, 64, 64), 8)
    assert np.abs(pixels.astype(int) - 127).max() <= 8


def test_twice_the_pixels_are_kept() -> None:
    assert least_side(224) == 448
