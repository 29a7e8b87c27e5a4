"""Photos that the caller has decoded already."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from kuzov.errors import PhotoError
from kuzov.images.decode import decode
from tests.encoded_photos import encode
from tests.errors import raises

PIXELS = np.arange(30 * 48 * 3, dtype=np.uint32).reshape(30, 48, 3).astype(np.uint8)


def test_an_array_of_rgb_is_a_photo() -> None:
    for array in (PIXELS, np.asfortranarray(PIXELS), PIXELS[::-1][::-1]):
        image = decode(array)
        assert (image.mode, image.info) == ("RGB", {"size": (48, 30)})
        assert (np.asarray(image) == PIXELS).all()


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK", "1", "LA"])
def test_an_image_of_pillows_is_a_photo_and_stays_as_it_is(mode: str) -> None:
    given = Image.fromarray(PIXELS).convert(mode)
    before = given.tobytes(), dict(given.info)
    image = decode(given)
    assert (image.mode, image.size) == ("RGB", (48, 30))
    assert (given.tobytes(), dict(given.info)) == before


def test_an_image_that_is_not_loaded_yet_is_turned_as_its_exif_says() -> None:
    import io

    exif = Image.Exif()
    exif[0x0112] = 6
    opened = Image.open(io.BytesIO(encode(Image.fromarray(PIXELS), "PNG", exif=exif)))
    assert decode(opened).size == (30, 48)


TAKEN = "give a path, the bytes of a file, an image of Pillow's, or an array of RGB, uint8 (height, width, 3)"
REFUSED: dict[str, tuple[Any, str]] = {
    "floats": (
        PIXELS / 255,
        "is an array of float64 (30, 48, 3); give uint8 in 0..255, (height, width, 3): scale it to 0..255, "
        "then photo.astype('uint8')",
    ),
    "other numbers": (
        PIXELS.astype(np.int64),
        "is an array of int64 (30, 48, 3); give uint8 in 0..255, (height, width, 3)",
    ),
    "several": (
        PIXELS[None], "is an array of uint8 (1, 30, 48, 3); give one photo at a time, (height, width, 3)",
    ),
    "grey": (
        PIXELS[:, :, 0],
        "is an array of uint8 (30, 48); give three channels, (height, width, 3): numpy.dstack([photo] * 3)",
    ),
    "transparent": (
        np.dstack([PIXELS, PIXELS[:, :, :1]]),
        "is an array of uint8 (30, 48, 4); leave out the transparency: photo[:, :, :3]",
    ),
    "channels first": (
        PIXELS.transpose(2, 0, 1),
        "is an array of uint8 (3, 30, 48); the channels go last, (height, width, 3): "
        "photo.transpose(1, 2, 0)",
    ),
    "empty": (PIXELS[:0], "is an array of uint8 (0, 48, 3); give RGB, uint8 (height, width, 3)"),
    "flat": (PIXELS.ravel(), "is an array of uint8 (4320,); give RGB, uint8 (height, width, 3)"),
    "nothing": (None, f"is a NoneType; {TAKEN}"),
    "a list": ([1, 2], f"is a list; {TAKEN}"),
    "a number": (7, f"is an int; {TAKEN}"),
    "an image of floats": (
        Image.new("F", (2, 2)), "is an image of floating-point numbers (mode F); convert it to RGB first",
    ),
    "an empty image": (Image.new("RGB", (0, 4)), "is an image of 0 × 4 pixels; give a photo"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_wrong_with_another_is_told(what: str) -> None:
    given, reason = REFUSED[what]
    with raises(PhotoError, f"photo: {reason}"):
        decode(given)


def test_its_size_is_judged_like_any_others() -> None:
    with pytest.raises(PhotoError, match="claims more than 1,000 pixels"):
        decode(PIXELS, max_pixels=1000)
