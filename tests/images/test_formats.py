"""What files are told to be by their first bytes."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kuzov.errors import PhotoError
from kuzov.images.decode import decode
from kuzov.images.formats import EXTENSIONS, format_of, is_photo_file
from kuzov.images.reasons import FOREIGN, UNSUPPORTED, foreign
from tests.encoded_photos import encode
from tests.heif_photos import heic

PHOTO = Image.fromarray(np.arange(48 * 48 * 3, dtype=np.uint32).reshape(48, 48, 3).astype(np.uint8))


def ftyp(*brands: bytes) -> bytes:
    return struct.pack(">I", 16 + 4 * len(brands)) + b"ftyp" + brands[0] + bytes(4) + b"".join(brands)


def tiff(maker: bytes, order: bytes = b"II*\0") -> bytes:
    return order + bytes(200) + maker + bytes(200)


TOLD = {
    "a TIFF image": [b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0", encode(PHOTO, "TIFF")],
    "Canon CR2": [b"II*\0\x10\0\0\0CR\2\0"],
    "Canon CR3": [ftyp(b"crx ", b"isom")],
    "Canon CRW": [b"II\x1a\0\0\0HEAPCCDR"],
    "Nikon NEF": [tiff(b"NIKON CORPORATION\0"), tiff(b"NIKON\0", b"MM\0*")],
    "Sony ARW": [tiff(b"SONY\0")],
    "Pentax PEF": [tiff(b"PENTAX\0")],
    "Samsung SRW": [tiff(b"SAMSUNG\0")],
    "DNG": [tiff(b"\x12\xc6\1\0\4\0\0\0\1\4\0\0"), tiff(b"\xc6\x12\0\1\0\0\0\4\1\4\0\0", b"MM\0*")],
    "Panasonic RW2": [b"IIU\0\x18\0\0\0"],
    "Olympus ORF": [b"IIRO\x08\0\0\0", b"IIRS\x08\0\0\0", b"MMOR\0\0\0\x08"],
    "Fujifilm RAF": [b"FUJIFILMCCD-RAW 0201"],
    "Sigma X3F": [b"FOVb\0\0\2\0"],
    "Minolta MRW": [b"\0MRM\0\0\0\0"],
    "JPEG XL": [b"\xff\x0a\xfa\x1f", b"\0\0\0\x0cJXL \r\n\x87\n", ftyp(b"jxl ", b"jxl ")],
    "JPEG 2000": [b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51\0", encode(PHOTO, "JPEG2000")],
    "JPEG XR": [b"II\xbc\x01"],
    "PSD": [b"8BPS\0\1"],
    "XCF": [b"gimp xcf v011"],
    "SVG": [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<?xml version='1.0'?>\n<!-- a -->\n<svg>",
            b"\xef\xbb\xbf<!DOCTYPE svg PUBLIC><svg>"],
    "PPM": [encode(PHOTO, "PPM"), b"P3\n1 1"],
    "OpenEXR": [b"v/1\x01"],
    "Radiance": [b"#?RADIANCE\n"],
    "PDF": [b"%PDF-1.7\n"],
    "PostScript": [b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\xc5\xd0\xd3\xc6\0"],
    "DjVu": [b"AT&TFORM\0\0\0\0DJVU"],
    "MP4": [ftyp(b"isom", b"mp41"), ftyp(b"mp42"), ftyp(b"avc1"), ftyp(b"3gp4"), ftyp(b"dash")],
    "MOV": [ftyp(b"qt  "), b"\0\0\1\0moov", b"\0\0\1\0mdat", b"\0\0\0\x08wide"],
    "AVI": [b"RIFF\0\0\0\0AVI LIST"],
    "Matroska or WebM": [b"\x1a\x45\xdf\xa3"],
    "WMV": [b"0&\xb2u\x8ef\xcf\x11"],
    "MPEG": [b"\0\0\1\xba", b"\0\0\1\xb3"],
    "WAV": [b"RIFF\0\0\0\0WAVEfmt "],
    "MP3": [b"ID3\3"],
    "ZIP": [b"PK\3\4\x14\0"],
    "RAR": [b"Rar!\x1a\7\1\0"],
    "7z": [b"7z\xbc\xaf\x27\x1c"],
    "gzip": [b"\x1f\x8b\x08"],
    "tar": [bytes(257) + b"ustar\0"],
    "a web page": [b"<!doctype html><img src=a.png>", b"\n<HTML>", b"<html><svg>", b"<!-- a --><html>"],
    "AppleDouble": [b"\0\5\x16\7\0\2"],
    "iCloud": [b"bplist00"],
    "git lfs pull": [b"version https://git-lfs.github.com/spec/v1\n"],
}  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
def test_what_is_no_photo_to_read_is_told_by_its_content(name: str) -> None:
    for content in TOLD[name]:
        with pytest.raises(PhotoError) as refused:
            decode(content)
        assert name in refused.value.reason, content[:20]
        assert refused.value.kind == "no_image"


@pytest.mark.parametrize("content", [b"hello, world", b"\0" * 100, b"<a>b</a>", b"<?xml version='1.0'?><a/>"])
def test_what_is_not_known_is_told_so(content: bytes) -> None:
    assert foreign(content) == UNSUPPORTED


def test_each_reason_has_its_twin_in_russian() -> None:
    assert len(FOREIGN) > 50
    for each in FOREIGN:
        assert any("а" <= letter <= "я" for letter in each.ru), each


KINDS = {
    "JPEG": encode(PHOTO, "JPEG"),
    "PNG": encode(PHOTO, "PNG"),
    "WebP": encode(PHOTO, "WEBP"),
    "HEIC": heic(),
    "AVIF": encode(PHOTO, "AVIF"),
    "BMP": encode(PHOTO, "BMP"),
    "GIF": encode(PHOTO, "GIF"),
    "ICO": encode(PHOTO, "ICO"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_photo_is_told_by_its_content(kind: str, tmp_path: Path) -> None:
    assert format_of(KINDS[kind]) == kind
    for name in ("IMG_0001", "photo.php", "photo.txt", "a.b.image", "фото", ".jpg-large"):
        file = tmp_path / name
        file.write_bytes(KINDS[kind])
        assert is_photo_file(file)
        assert decode(file).size in {(48, 48), (64, 64)}


def test_a_photo_is_told_by_its_name() -> None:
    for name in (
        "a.JPG",
        "a.jpe",
        "a.jfif",
        "a.pjpeg",
        "a.pjp",
        "a.HEIC",
        "a.heif",
        "a.hif",
        "a.avif",
        "a.Ico",
    ):
        assert is_photo_file(Path(name))
    assert all(each == each.lower() and each.startswith(".") for each in EXTENSIONS)


def test_what_is_neither_is_none(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "film.mov").write_bytes(ftyp(b"qt  "))
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    assert [each.name for each in tmp_path.iterdir() if is_photo_file(each)] == []
    assert not is_photo_file(tmp_path / "none")
