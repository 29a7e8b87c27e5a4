"""What is odd with photos of one kind: icons, bitmaps with room for transparency, JPEGs without an end."""

import struct

import numpy as np
import pytest
from PIL import Image

from kuzov.errors import PhotoError
from kuzov.images.decode import decode
from kuzov.images.reasons import LACKS_END
from tests.encoded_photos import encode

RED = (200, 10, 20)


def bitmap(*alphas: int) -> bytes:
    """A BMP of one row with a mask for transparency (BITMAPV4HEADER), its pixels red."""
    pixels = b"".join(struct.pack("4B", *RED[::-1], alpha) for alpha in alphas)
    header = struct.pack("<IiiHHIIiiII", 108, len(alphas), 1, 1, 32, 3, len(pixels), 0, 0, 0, 0)
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs" + bytes(48)
    head = b"BM" + struct.pack("<IHHI", 14 + 108 + len(pixels), 0, 0, 14 + 108)
    return head + header + masks + pixels


@pytest.mark.parametrize("alpha", [0, 255])
def test_transparency_that_was_never_filled_in_is_none(alpha: int) -> None:
    icon = encode(Image.new("RGBA", (40, 30), (*RED, alpha)), "ICO", bitmap_format="bmp", sizes=[(40, 30)])
    for photo in (bitmap(alpha, alpha), icon):
        assert decode(photo).getpixel((0, 0)) == RED


def test_transparency_that_was_filled_in_becomes_white() -> None:
    image = decode(bitmap(0, 255))
    assert [image.getpixel((x, 0)) for x in (0, 1)] == [(255, 255, 255), RED]


def test_of_an_icon_the_largest_picture_is_taken() -> None:
    assert decode(encode(Image.new("RGB", (128, 128), RED), "ICO")).size == (128, 128)


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    chance = np.random.default_rng(0)
    colours = Image.fromarray(chance.integers(0, 256, (12, 16, 3), np.uint8))
    return colours.resize((320, 240), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("at_least_px", [None, 100])
def test_a_jpeg_that_lacks_only_its_end_is_read_with_a_note(
    photo: Image.Image, progressive: bool, at_least_px: int | None
) -> None:
    whole = encode(photo, "JPEG", quality=90, progressive=progressive)
    sound = decode(whole, at_least_px=at_least_px)
    assert "note" not in sound.info
    for missing in (10, 100, len(whole) // 20):
        cut = decode(whole[:-missing], at_least_px=at_least_px)
        assert cut.info == {"size": photo.size, "note": LACKS_END}
        upper = (0, 0, cut.width, cut.height // 2)
        difference = np.asarray(cut.crop(upper), np.int64) - np.asarray(sound.crop(upper), np.int64)
        assert np.abs(difference).mean() < (8 if progressive else 0.01)


def test_a_jpeg_that_lacks_more_is_refused(photo: Image.Image) -> None:
    whole = encode(photo, "JPEG", quality=90)
    with pytest.raises(PhotoError, match="is broken or cut short"):
        decode(whole[: len(whole) // 2])


def test_printers_jpegs_are_read_with_adobes_mark_and_without(photo: Image.Image) -> None:
    marked = encode(photo.convert("CMYK"), "JPEG", quality=95)
    at = marked.index(b"\xff\xee")
    for each in (marked, marked[:at] + marked[at + 16 :]):
        assert np.abs(np.asarray(decode(each), np.int64) - np.asarray(photo, np.int64)).mean() < 8
