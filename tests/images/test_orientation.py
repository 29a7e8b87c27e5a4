"""Where programs put the orientation of a photo."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from kuzov.images.decode import decode
from kuzov.images.orientation import orientation
from tests.encoded_photos import chunk, encode, segment

TIFF = b"MM\0*\0\0\0\x08\0\1" + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + bytes(4)
FAR = b"MM\0*" + struct.pack(">I", 70_000) + bytes(70_000 - 8) + TIFF[8:]  # the directory behind 64 KiB
PREFIX = b"Exif\0\0"
XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
XMP_ELEMENT = b"<x:xmpmeta><tiff:Orientation>6</tiff:Orientation></x:xmpmeta>"
XAP = b"http://ns.adobe.com/xap/1.0/\0"
NOTHING = b"II*\0\x08\0\0\0\0\0\0\0\0\0"

Y, X = np.mgrid[0:30, 0:48]
PHOTO = Image.fromarray(np.stack([X * 5, Y * 8, X + Y], axis=-1).astype(np.uint8))
JPEG, PNG, WEBP = (encode(PHOTO, image_format) for image_format in ("JPEG", "PNG", "WEBP"))
SCAN = JPEG.index(b"\xff\xda")


def exif_segments(tiff: bytes) -> bytes:
    """An EXIF block in as many segments as it needs."""
    pieces = [tiff[at : at + 65_000] for at in range(0, len(tiff), 65_000)]
    return b"".join(segment(0xE1, PREFIX + piece) for piece in pieces)


def jpeg(segments: bytes, *, at: int = 2) -> bytes:
    return JPEG[:at] + segments + JPEG[at:]


def png(chunks: bytes, *, at: int = 33) -> bytes:
    return PNG[:at] + chunks + PNG[at:]


def webp(exif: bytes = b"", xmp: bytes = b"") -> bytes:
    return encode(PHOTO, "WEBP", exif=exif, xmp=xmp)


def raw_profile(tiff: bytes) -> bytes:
    return b"\nexif\n%8d\n" % len(tiff) + tiff.hex().encode() + b"\n"


def text(keyword: bytes, content: bytes, *, packed: bool = False) -> bytes:
    kind, content = (b"zTXt", b"\0" + zlib.compress(content)) if packed else (b"tEXt", content)
    return chunk(kind, keyword + b"\0" + content)


def international(content: bytes, *, packed: bool = False) -> bytes:
    content = zlib.compress(content) if packed else content
    return chunk(b"iTXt", b"XML:com.adobe.xmp\0" + bytes([packed]) + b"\0\0\0" + content)


PLACES = {
    "JPEG, EXIF": jpeg(exif_segments(TIFF)),
    "JPEG, the prefix twice": jpeg(segment(0xE1, PREFIX + PREFIX + TIFF)),
    "JPEG, after the frame header": jpeg(exif_segments(TIFF), at=SCAN),
    "JPEG, after a profile": jpeg(segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(100)) + exif_segments(TIFF)),
    "JPEG, over 64 KiB": jpeg(exif_segments(FAR)),
    "JPEG, XMP": jpeg(segment(0xE1, XAP + XMP)),
    "JPEG, XMP as an element": jpeg(segment(0xE1, XAP + XMP_ELEMENT)),
    "JPEG, EXIF that does not say and XMP that does": jpeg(exif_segments(NOTHING) + segment(0xE1, XAP + XMP)),
    "PNG, eXIf": png(chunk(b"eXIf", TIFF)),
    "PNG, eXIf with the prefix": png(chunk(b"eXIf", PREFIX + TIFF)),
    "PNG, eXIf after the pixels": png(chunk(b"eXIf", TIFF), at=len(PNG) - 12),
    "PNG, eXIf over 64 KiB": png(chunk(b"eXIf", FAR)),
    "PNG, ImageMagick's": png(text(b"Raw profile type exif", raw_profile(PREFIX + TIFF))),
    "PNG, ImageMagick's, packed": png(
        text(b"Raw profile type exif", raw_profile(PREFIX + TIFF), packed=True)
    ),
    "PNG, XMP": png(international(XMP)),
    "PNG, XMP, packed": png(international(XMP, packed=True)),
    "PNG, XMP after the pixels": png(international(XMP), at=len(PNG) - 12),
    "WebP, EXIF": webp(TIFF),
    "WebP, EXIF with the prefix twice": webp(PREFIX + PREFIX + TIFF),
    "WebP, EXIF over 64 KiB": webp(FAR),
    "WebP, XMP": webp(xmp=XMP),
}


@pytest.mark.parametrize("place", PLACES)
def test_the_orientation_is_found_wherever_it_is(place: str) -> None:
    image = decode(PLACES[place])
    assert image.size == (30, 48)
    turned = np.asarray(PHOTO.rotate(-90, expand=True), np.int64)
    assert np.abs(np.asarray(image, np.int64) - turned).mean() < 6


UNREADABLE = {
    "a text that unpacks to too much": png(text(b"Raw profile type exif", bytes(2_000_000), packed=True)),
    "a text that does not unpack": png(chunk(b"zTXt", b"Raw profile type exif\0\0no zlib")),
    "a text with a wrong checksum": png(international(XMP)[:-1] + b"?"),
    "a profile of no digits": png(text(b"Raw profile type exif", b"\nexif\n 9\nno digits\n")),
    "XMP that is none": png(international(b"\xff\xfe")),
    "two texts": png(text(b"Raw profile type exif", b"\nexif\n0\n") * 2),
    "EXIF of 3 MB": jpeg(exif_segments(bytes(3_000_000))),
    "PNG with two EXIF blocks": png(chunk(b"eXIf", bytes(70_000)) + chunk(b"eXIf", FAR)),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_can_not_be_read_of_it_is_passed_over(what: str) -> None:
    assert decode(UNREADABLE[what]).size == PHOTO.size


def test_exif_is_asked_before_xmp() -> None:
    upright = TIFF.replace(b"\0\1\0\6", b"\0\1\0\1")
    assert decode(jpeg(exif_segments(upright) + segment(0xE1, XAP + XMP))).size == PHOTO.size


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "code"), [(3, "H2x"), (4, "I")])
def test_the_orientation_is_read_in_both_byte_orders_and_sizes(order: str, kind: int, code: str) -> None:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    other = struct.pack(f"{order}HHII", 0x0100, 4, 1, 640)
    entry = struct.pack(f"{order}HHI{code}", 0x0112, kind, 1, 6)
    block = mark + struct.pack(f"{order}IH", 8, 2) + other + entry
    assert orientation({"exif": block}) == orientation({"exif": PREFIX + block}) == 6


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"Exif\0\0",
        b"II*\0",
        b"II*\0\xff\xff\xff\x7f",
        b"II*\0\x08\0\0\0\xff\xff\x01",
        b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIH2x", 0x0112, 3, 1, 9),
        b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIH2x", 0x0112, 3, 1, 0),
        b"\0" * 40,
    ],
)
def test_a_damaged_orientation_counts_as_none(block: bytes) -> None:
    assert orientation({"exif": block}) == 1
