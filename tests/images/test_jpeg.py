import numpy as np
import pytest
from PIL import Image

from kuzov.errors import PhotoError
from kuzov.images.decode import decode
from kuzov.images.jpeg import jpeg_parts
from tests.encoded_photos import encode, segment
from tests.errors import raises

Y, X = np.mgrid[0:30, 0:48]
PHOTO = Image.fromarray(np.stack([X * 5, Y * 8, X + Y], axis=-1).astype(np.uint8))
JPEG, PROGRESSIVE = encode(PHOTO, "JPEG"), encode(PHOTO, "JPEG", progressive=True)


def with_header(segments: bytes) -> bytes:
    return JPEG[:2] + segments + JPEG[2:]


ICC = b"".join(segment(0xE2, b"ICC_PROFILE\0" + bytes([part, 60]) + bytes(65_000)) for part in range(1, 61))
XMP = b"".join(segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(65_400)) for _ in range(200))
EXIF = segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0")
MPF = segment(0xE2, b"MPF\0II*\0\x08\0\0\0\0\0\0\0\0\0")
FILM = (
    b"\0\0\0\x18ftypmp42" + b"\xff\xda\0" * 100 + b"\xff" * 5000 + np.random.default_rng(0).bytes(1_000_000)
)


@pytest.mark.parametrize(
    "photo",
    [
        with_header(EXIF + MPF) + PROGRESSIVE + JPEG,
        with_header(EXIF) + PROGRESSIVE * 40,
        with_header(EXIF) + FILM,
        with_header(EXIF + ICC),
        with_header(EXIF + XMP),
        with_header(EXIF * 20),
        with_header(segment(0xED, b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\0\0\0\0" * 100)),
    ],
    ids=["multi-picture", "burst", "motion photo", "profile", "extended XMP", "EXIF in parts", "Photoshop"],
)
def test_what_phones_and_programs_add_does_not_change_the_picture(photo: bytes) -> None:
    assert decode(photo).tobytes() == decode(JPEG).tobytes()


def test_the_header_holds_the_orientation_the_sizes_and_the_first_scan() -> None:
    sizes, scan = JPEG.index(b"\xff\xc0"), JPEG.index(b"\xff\xda")
    header, _ = jpeg_parts(with_header(ICC + EXIF + segment(0xFE, b"comment") + XMP + EXIF), "photo")
    assert header == b"\xff\xd8" + EXIF + EXIF + JPEG[sizes : sizes + 19] + JPEG[scan : scan + 14]


def test_all_is_read_but_what_is_appended_and_looks_like_scans() -> None:
    assert jpeg_parts(JPEG, "photo")[1] == len(JPEG)
    assert jpeg_parts(JPEG + FILM, "photo")[1] == len(JPEG)


@pytest.mark.parametrize(
    ("photo", "told"),
    [
        (with_header(segment(0xFE, b"") * 10_000), "10,000 segments"),
        (with_header(b"\xff" * 65_537), "65,536 fill bytes"),
        (with_header((segment(0xFE, b"") + bytes(100)) * 656), "65,536 fill bytes"),
        (JPEG[:-2] + b"\xff" * 1024 + JPEG[-2:], "1,024 fill bytes in a row"),
    ],
)
def test_too_many_parts_are_told(photo: bytes, told: str) -> None:
    with raises(PhotoError, f"photo: is a JPEG of more than {told}; save it anew as an ordinary one"):
        decode(photo)


@pytest.mark.parametrize(
    "photo",
    [
        JPEG[: JPEG.index(b"\xff\xda")],
        with_header(b"\xff\xd9"),
        with_header(b"\xff\xf0\0\2"),
        with_header(JPEG[JPEG.index(b"\xff\xc0") :][:19]),
    ],
    ids=["no scan", "an early end", "an unknown segment", "two sizes"],
)
def test_a_broken_header_is_told(photo: bytes) -> None:
    with pytest.raises(ValueError, match=r"^no pixels$"):
        jpeg_parts(photo, "photo")
