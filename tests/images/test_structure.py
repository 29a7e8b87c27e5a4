import io
import struct

import pytest
from PIL import Image

from kuzov.errors import PhotoError
from kuzov.images.decode import decode
from kuzov.images.structure import excerpt, gif_parts, png_parts
from tests.encoded_photos import chunk, encode
from tests.errors import raises


def spans(content: bytes, parts: list[tuple[int, int]]) -> bytes:
    return b"".join(content[start:end] for start, end in parts)


PHOTO = Image.linear_gradient("L").resize((96, 64)).convert("P")
PNG, GIF, BMP, WEBP = (encode(PHOTO, image_format) for image_format in ("PNG", "GIF", "BMP", "WEBP"))
PALETTE_END = 13 + (6 << (GIF[10] & 7))
TEXT = chunk(b"tEXt", b"a\0b") + chunk(b"abCd", bytes(1000)) + chunk(b"iCCP", b"broken")


def test_of_a_png_the_picture_is_taken() -> None:
    told = PNG[:33] + TEXT + PNG[33:-12] + TEXT + PNG[-12:]
    assert spans(told, png_parts(told, "photo")) == PNG
    assert png_parts(PNG + b"behind", "photo") == [(0, len(PNG))]
    assert decode(told).tobytes() == decode(PNG).tobytes()


def test_of_a_gif_the_first_frame_is_taken() -> None:
    control = b"!\xf9\4\1\0\0\3\0"
    noise = b"!\xfe\3abc\2de\0" + b"\0" + b"!\xff\x0bNETSCAPE2.0\3\1\0\0\0"
    frame = GIF.index(b",", PALETTE_END)
    told = GIF[:PALETTE_END] + noise + control + noise + GIF[frame:]
    assert spans(told, gif_parts(told, "photo")) == GIF[:PALETTE_END] + control + GIF[frame:]
    assert decode(GIF[:PALETTE_END] + noise + GIF[frame:]).tobytes() == decode(GIF).tobytes()


@pytest.mark.parametrize(
    ("photo", "told"),
    [
        (PNG[:33] + chunk(b"abCd", b"") * 20_000 + PNG[33:], "PNG of more than 20,000 chunks"),
        (PNG[:-12] + chunk(b"IDAT", bytes(80_000)) + PNG[-12:], "PNG of more data than its pixels can need"),
        (
            GIF[:PALETTE_END] + b"!\xfe" + b"\1a" * 10_000 + b"\0" + GIF[PALETTE_END:],
            "GIF of more than 10,000 blocks before its first frame",
        ),
        (WEBP + b"abcd\0\0\0\0" * 10_000, "WebP of more than 10,000 chunks"),
        (
            WEBP + b"abcd" + struct.pack("<I", 8_000_001) + bytes(8_000_001),
            "WebP of more than 8,000,000 bytes of metadata",
        ),
        (
            BMP[:30] + struct.pack("<I", 1) + BMP[34:] + bytes(1_000_000),
            "BMP of more than 1,000,000 bytes packed by run lengths",
        ),
    ],
)
def test_too_many_parts_are_told(photo: bytes, told: str) -> None:
    with raises(PhotoError, f"photo: is a {told}; save it anew as an ordinary one"):
        decode(photo)


def test_what_is_no_chunk_is_told() -> None:
    with pytest.raises(ValueError, match=r"^not a chunk$"):
        png_parts(PNG[:33] + chunk(b"\0\1\2\3", b"") + PNG[33:], "photo")


def test_a_gif_without_a_frame_is_told() -> None:
    with pytest.raises(ValueError, match=r"^no frame$"):
        gif_parts(GIF[:PALETTE_END] + b"!\xfe\1a\0", "photo")


CONTENT = bytes(range(100))


def test_spans_are_read_one_after_the_other() -> None:
    file = excerpt(CONTENT, [(0, 3), (50, 52), (98, 100)])
    assert file.read() == bytes([0, 1, 2, 50, 51, 98, 99])
    assert (file.tell(), file.read(), file.read(5)) == (7, b"", b"")


def test_a_read_may_begin_and_end_within_a_span() -> None:
    file = excerpt(CONTENT, [(10, 14), (20, 24)])
    assert [file.read(3), file.read(3), file.read(3)] == [
        bytes([10, 11, 12]),
        bytes([13, 20, 21]),
        bytes([22, 23]),
    ]


@pytest.mark.parametrize(
    ("offset", "whence", "rest"),
    [(0, io.SEEK_SET, [10, 11, 20]), (2, io.SEEK_SET, [20]), (-1, io.SEEK_END, [20]), (9, io.SEEK_SET, [])],
)
def test_it_can_be_sought_in(offset: int, whence: int, rest: list[int]) -> None:
    file = excerpt(CONTENT, [(10, 12), (20, 21)])
    file.seek(offset, whence)
    assert file.read() == bytes(rest)


def test_it_ends_with_its_content() -> None:
    assert excerpt(CONTENT, [(0, 1), (98, 200), (300, 400)]).read() == bytes([0, 98, 99])


def test_the_whole_is_the_content_itself() -> None:
    assert excerpt(CONTENT, [(0, 100)]).read() is CONTENT
