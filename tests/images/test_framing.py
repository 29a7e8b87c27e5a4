import io

import numpy as np
import pytest
from PIL import Image

from kuzov.images.decode import decode
from kuzov.images.framing import frame, frame_box, least_side, read_frame, resize_box


@pytest.mark.parametrize(
    ("width", "height", "box"),
    [(320, 160, (16, 8, 304, 152)), (160, 320, (8, 16, 152, 304)), (1, 1, (0.05, 0.05, 0.95, 0.95))],
)
def test_the_box_is_nine_tenths_of_both_sides_in_the_middle(
    width: int, height: int, box: tuple[float, float, float, float]
) -> None:
    assert frame_box(width, height) == pytest.approx(box)


def test_a_frame_is_a_square_of_bytes() -> None:
    pixels = frame(Image.new("RGB", (50, 31), (10, 20, 30)), 24)
    assert pixels.shape == (24, 24, 3)
    assert pixels.dtype == np.uint8
    assert (pixels == (10, 20, 30)).all()


def test_what_lies_outside_the_box_is_not_seen() -> None:
    photo = Image.new("RGB", (320, 160), "red")
    photo.paste((0, 0, 255), (16, 8, 304, 152))
    inner = frame(photo, 32)[1:-1, 1:-1]  # the antialiasing filter reaches over the edge
    assert (inner == (0, 0, 255)).all()


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


def test_even_a_photo_of_one_pixel_is_framed() -> None:
    assert (frame(Image.new("RGB", (1, 1), (1, 2, 3)), 16) == (1, 2, 3)).all()


def test_twice_the_pixels_are_kept_for_the_frame() -> None:
    side = least_side(256)
    assert side == 569
    left, _, right, _ = frame_box(side, side)
    assert right - left >= 2 * 256 > frame_box(side - 1, side - 1)[2] - frame_box(side - 1, side - 1)[0]


def test_a_large_photo_is_framed_as_if_it_were_decoded_whole() -> None:
    chance = np.random.default_rng(0)
    colours = Image.fromarray(chance.integers(0, 256, (12, 16, 3), np.uint8))
    encoded = io.BytesIO()
    colours.resize((1600, 1200), Image.Resampling.BICUBIC).save(encoded, "JPEG", quality=90)
    quick = read_frame(encoded.getvalue(), 64)
    assert decode(encoded.getvalue(), at_least_px=least_side(64)).size == (200, 150)
    whole = frame(decode(encoded.getvalue()), 64)
    assert np.abs(quick.astype(int) - whole).max() <= 4
