import contextlib
import os
import random
import struct
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kuzov.errors import PhotoError
from kuzov.images.decode import decode
from kuzov.images.jpeg import MAX_SCANS
from kuzov.words import shown
from tests.encoded_photos import chunk, encode, segment
from tests.errors import raises

BROKEN = "is broken or cut short; replace it with a whole copy of the photo"
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "BMP", "GIF")


def pixels_of(image: Image.Image) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.asarray(image, dtype=np.int64)


@pytest.fixture
def photo() -> Image.Image:
    """Smooth, and without any symmetry, so that every turn of it differs."""
    y, x = np.mgrid[0:30, 0:48]
    return Image.fromarray(np.stack([x * 5, y * 8, x + y], axis=-1).astype(np.uint8))


@pytest.mark.parametrize("image_format", FORMATS)
def test_each_format_is_told_by_its_content(photo: Image.Image, tmp_path: Path, image_format: str) -> None:
    file = tmp_path / "photo.any"
    file.write_bytes(encode(photo, image_format))
    image = decode(file)
    assert type(image) is Image.Image
    assert (image.mode, image.size, image.info) == ("RGB", (48, 30), {"size": (48, 30)})
    assert np.abs(pixels_of(image) - pixels_of(photo)).mean() < 12
    assert decode(file.read_bytes()).tobytes() == decode(str(file)).tobytes() == image.tobytes()


@pytest.mark.parametrize("image_format", ["PNG", "BMP"])
def test_lossless_formats_keep_every_pixel(photo: Image.Image, image_format: str) -> None:
    assert decode(encode(photo, image_format)).tobytes() == photo.tobytes()


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_of_an_animation_the_first_frame_is_taken(image_format: str) -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "lime", "blue")]
    animation = encode(frames[0], image_format, save_all=True, append_images=frames[1:])
    image = decode(animation)
    assert image.size == (20, 10)
    assert np.abs(pixels_of(image) - (255, 0, 0)).max() <= 6


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_applied(photo: Image.Image, image_format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    encoded = encode(photo, image_format, exif=exif)
    turned = {
        1: photo,
        2: photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: photo.rotate(180),
        4: photo.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: photo.transpose(Image.Transpose.TRANSPOSE),
        6: photo.rotate(-90, expand=True),
        7: photo.transpose(Image.Transpose.TRANSVERSE),
        8: photo.rotate(90, expand=True),
    }[orientation]
    image = decode(encoded)
    assert image.size == turned.size
    assert np.abs(pixels_of(image) - pixels_of(turned)).mean() < 6


def test_a_damaged_exif_block_neither_warns_nor_refuses_the_photo(photo: Image.Image) -> None:
    # The resolution's value lies outside of the block: Pillow on its own would warn of it.
    entry = struct.pack("<HHII", 0x011A, 5, 1, 0x00FFFF00)
    block = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + entry + b"\0\0\0\0"
    jpeg = encode(photo, "JPEG")
    without_jfif = jpeg[:2] + segment(0xE1, block) + jpeg[20:]
    with warnings.catch_warnings(record=True) as leaked:
        warnings.simplefilter("always")
        assert decode(without_jfif).size == photo.size
    assert leaked == []


def test_grey_becomes_three_equal_channels() -> None:
    grey = Image.new("L", (5, 4), 77)
    assert (pixels_of(decode(encode(grey, "PNG"))) == 77).all()
    assert (pixels_of(decode(encode(Image.new("1", (5, 4), 1), "PNG"))) == 255).all()


def test_16_bit_grey_is_scaled_not_clipped() -> None:
    values = np.array([[0, 255, 256, 32768, 65535]], dtype=np.uint16)
    image = decode(encode(Image.fromarray(values), "PNG"))
    assert pixels_of(image)[0, :, 0].tolist() == [0, 0, 1, 128, 255]


def test_16_bit_grey_may_name_one_transparent_value() -> None:
    values = np.array([[0x1234, 0x1235, 0x1134]], dtype=np.uint16)
    encoded = encode(Image.fromarray(values), "PNG")
    image = decode(encoded[:33] + chunk(b"tRNS", struct.pack(">H", 0x1234)) + encoded[33:])
    assert pixels_of(image)[0, :, 0].tolist() == [255, 0x12, 0x11]


def test_palettes_become_colours() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.putpixel((1, 0), 1)
    for image_format in ("PNG", "GIF", "BMP"):
        assert pixels_of(decode(encode(palette, image_format))).tolist() == [[[255, 0, 0], [0, 0, 255]]]


@pytest.mark.parametrize("transparency", [0, b"\x00\xff"])
def test_transparent_palette_entries_become_white(transparency: int | bytes) -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.putpixel((1, 0), 1)
    image = decode(encode(palette, "PNG", transparency=transparency))
    assert pixels_of(image).tolist() == [[[255, 255, 255], [0, 0, 255]]]


def test_transparency_is_laid_on_white() -> None:
    half = Image.new("RGBA", (1, 1), (200, 0, 0, 128))
    assert np.abs(pixels_of(decode(encode(half, "PNG")))[0, 0] - (227, 127, 127)).max() <= 1
    clear = Image.new("RGBA", (3, 3), (0, 0, 0, 0))
    for image_format in ("PNG", "WEBP"):
        assert (pixels_of(decode(encode(clear, image_format))) == 255).all()
    grey = Image.new("LA", (2, 2), (0, 0))
    assert (pixels_of(decode(encode(grey, "PNG"))) == 255).all()
    one_colour = encode(Image.new("RGB", (2, 2), (9, 8, 7)), "PNG", transparency=(9, 8, 7))
    assert (pixels_of(decode(one_colour)) == 255).all()
    one_grey = encode(Image.new("L", (2, 2), 9), "PNG", transparency=9)
    assert (pixels_of(decode(one_grey)) == 255).all()


def test_cmyk_becomes_rgb(photo: Image.Image) -> None:
    # Pillow writes what Adobe does: inverted, with Adobe's marker.
    encoded = encode(photo.convert("CMYK"), "JPEG", quality=95)
    assert b"Adobe" in encoded
    assert np.abs(pixels_of(decode(encoded)) - pixels_of(photo)).mean() < 8


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty; replace it with a whole copy of the photo"),
        (
            b"hello, world",
            "is not a photo in a supported format; use JPEG, PNG, WebP, HEIC, AVIF, BMP, GIF or ICO",
        ),
        (b"II*\0 a TIFF", "is a TIFF image, which is not read here; save it as JPEG or PNG"),
        (b"\0\0\0\x18ftypavif\0\0\0\0avifmif1", BROKEN),
        (b"\0\0\1\0\1\0", BROKEN),
        (b"\xff\xd8\xff", BROKEN),
        (b"\x89PNG\r\n\x1a\n", BROKEN),
        (b"RIFF\0\0\0\0WEBP", BROKEN),
        (b"BM", BROKEN),
        (b"GIF89a", BROKEN),
    ],
)
def test_what_is_no_photo_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    with raises(PhotoError, f"photo: {reason}"):
        decode(content)
    with pytest.raises(PhotoError) as of_named:
        decode(content, name="upload 3")
    assert (of_named.value.photo, of_named.value.reason) == ("upload 3", reason)
    file = tmp_path / "photo.jpg"
    file.write_bytes(content)
    with raises(PhotoError, f"{file}: {reason}"):
        decode(file)


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_photo_that_is_cut_short_is_refused(photo: Image.Image, image_format: str) -> None:
    encoded = encode(photo, image_format)
    with raises(PhotoError, f"photo: {BROKEN}"):
        decode(encoded[: len(encoded) // 2])


def test_paths_that_are_no_files_are_refused(tmp_path: Path) -> None:
    cases = {
        tmp_path / "none.jpg": "no such file; check the path",
        tmp_path / "nul\0.jpg": "no such file; check the path",
        tmp_path: "is a folder, not a photo; give the path of one photo",
    }
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jpg")
        cases[tmp_path / "pipe.jpg"] = "is not an ordinary file; give the path of one photo"
    for path, reason in cases.items():
        with raises(PhotoError, f"{shown(str(path))}: {reason}"):
            decode(path)


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    file = tmp_path / "photo.jpg"
    file.write_bytes(b"x")
    monkeypatch.setattr(Path, "open", deny)
    with raises(PhotoError, f"{file}: can't be read: Permission denied"):
        decode(file)


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_photo_just_under_the_limit_is_decoded_and_a_larger_one_refused_without_a_warning(
    monkeypatch: pytest.MonkeyPatch, image_format: str
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 60)  # the host's own limit is none of ours
    with warnings.catch_warnings(record=True) as leaked:
        warnings.simplefilter("always")
        assert decode(encode(Image.new("RGB", (10, 10)), image_format), max_pixels=100).size == (10, 10)
        with raises(PhotoError, "bomb: claims more than 100 pixels; make it smaller"):
            decode(
                encode(Image.new("RGB", (104, 8)), image_format), name="bomb", max_pixels=100, at_least_px=1
            )
    assert leaked == []


@pytest.fixture(scope="module")
def large_photo() -> Image.Image:
    """A soft landscape of 1600 × 1200 pixels with some grain."""
    chance = np.random.default_rng(0)
    colours = Image.fromarray(chance.integers(0, 256, (12, 16, 3), np.uint8))
    pixels = np.asarray(colours.resize((1600, 1200), Image.Resampling.BICUBIC), np.int16)
    return Image.fromarray((pixels + chance.integers(-8, 9, pixels.shape)).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("at_least_px", "size"),
    [
        (None, (1600, 1200)),
        (1200, (1600, 1200)),
        (601, (1600, 1200)),
        (600, (800, 600)),
        (300, (400, 300)),
        (150, (200, 150)),
        (1, (200, 150)),
    ],
)
def test_a_jpeg_is_decoded_no_larger_than_needed(
    large_photo: Image.Image, at_least_px: int | None, size: tuple[int, int]
) -> None:
    assert decode(encode(large_photo, "JPEG"), at_least_px=at_least_px).size == size


def test_a_reduced_jpeg_shows_the_same(large_photo: Image.Image) -> None:
    encoded = encode(large_photo, "JPEG", quality=90)
    whole, reduced = (
        pixels_of(decode(encoded, at_least_px=px).resize((100, 75), Image.Resampling.BILINEAR))
        for px in (None, 300)
    )
    assert np.abs(whole - reduced).max() <= 3


@pytest.mark.parametrize("size", [(1599, 1200), (1600, 1199)])
def test_a_jpeg_that_does_not_divide_is_decoded_whole(
    large_photo: Image.Image, size: tuple[int, int]
) -> None:
    assert decode(encode(large_photo.resize(size), "JPEG"), at_least_px=100).size == size


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_printers_jpegs_are_reduced_too(large_photo: Image.Image, mode: str) -> None:
    image = decode(encode(large_photo.convert(mode), "JPEG"), at_least_px=600)
    assert (image.mode, image.size) == ("RGB", (800, 600))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_reduced_jpeg_is_turned_upright(large_photo: Image.Image, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    encoded = encode(large_photo, "JPEG", quality=90, exif=exif)
    whole, reduced = decode(encoded), decode(encoded, at_least_px=300)
    assert [4 * side for side in reduced.size] == list(whole.size)
    assert reduced.info["size"] == whole.size
    small = whole.resize(reduced.size, Image.Resampling.BOX)
    assert np.abs(pixels_of(small) - pixels_of(reduced)).mean() < 2


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "AVIF", "BMP"])
def test_other_formats_are_decoded_whole(large_photo: Image.Image, image_format: str) -> None:
    encoded = encode(large_photo.crop((0, 0, 320, 240)), image_format)
    assert decode(encoded, at_least_px=10).tobytes() == decode(encoded).tobytes()


def with_scans(photo: Image.Image, scans: int) -> bytes:
    """A progressive JPEG whose last scan is repeated until there are so many."""
    encoded = encode(photo, "JPEG", progressive=True)
    last = encoded.rindex(b"\xff\xda")
    repeated = scans - encoded.count(b"\xff\xda")
    return encoded[:-2] + encoded[last:-2] * repeated + encoded[-2:]


def test_a_jpeg_of_too_many_scans_is_refused(photo: Image.Image) -> None:
    assert decode(with_scans(photo, MAX_SCANS)).size == photo.size
    with raises(PhotoError, "bomb: is a JPEG of more than 32 scans; save it anew as an ordinary one"):
        decode(with_scans(photo, MAX_SCANS + 1), name="bomb")


def test_scans_can_not_hide(photo: Image.Image) -> None:
    bomb = with_scans(photo, 2 * MAX_SCANS)
    first = bomb.index(b"\xff\xda")
    for hidden in (b"\xff\x01", b"\xff\xd0", b"\xff", b"\xff\x00"):  # what a decoder passes over
        with pytest.raises(PhotoError, match="more than 32 scans"):
            decode(bomb[:first] + hidden + bomb[first:])


def test_what_only_looks_like_scans_does_not_count(photo: Image.Image) -> None:
    lookalikes = b"\xff\xda" * 500
    appended = encode(photo, "JPEG") + lookalikes  # as phones append a film
    assert decode(appended).size == photo.size
    assert decode(encode(photo, "JPEG", exif=b"Exif\0\0" + lookalikes)).size == photo.size
    assert decode(encode(photo, "JPEG", comment=lookalikes)).size == photo.size


def test_a_wrong_animation_header_does_not_warn(photo: Image.Image) -> None:
    encoded = encode(photo, "PNG")
    wrong = encoded[:33] + chunk(b"acTL", struct.pack(">II", 0, 0)) + encoded[33:]
    with warnings.catch_warnings(record=True) as leaked:
        warnings.simplefilter("always")
        assert decode(wrong).tobytes() == photo.tobytes()
    assert leaked == []


@pytest.mark.parametrize("image_format", FORMATS)
def test_damage_anywhere_ends_in_a_photo_or_in_a_photo_error(photo: Image.Image, image_format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    encoded = encode(photo, image_format, exif=exif)
    chance = random.Random(7)
    with warnings.catch_warnings(record=True) as leaked:
        warnings.simplefilter("always")
        for _ in range(300):
            damaged = bytearray(encoded)
            for _ in range(chance.choice([1, 3, 20])):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            with contextlib.suppress(PhotoError):
                assert decode(bytes(damaged)).mode == "RGB"
    assert leaked == []


def test_pillow_is_left_as_it_was() -> None:
    program = (
        "import sys, warnings\n"
        "from PIL import Image, ImageFile\n"
        "before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters)\n"
        "from kuzov.images.decode import decode, PhotoError\n"
        "try: decode(b'GIF89a')\n"
        "except PhotoError: pass\n"
        "assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters))\n"
        "assert not {'numpy', 'tensorflow', 'scipy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_real_photos_are_decoded_as_pillow_does(real_photos: Path) -> None:
    files = sorted(real_photos.glob("test/*"))
    assert len(files) == 7
    for file in files:
        assert decode(file).tobytes() == Image.open(file).convert("RGB").tobytes()
