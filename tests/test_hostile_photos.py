"""Photos that are meant to do harm, on their way from a request to the network's input."""

from __future__ import annotations

import json
import os
import pickle
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kuzov.cars.cut_out import read_cut_outs
from kuzov.errors import PhotoError
from kuzov.images import reasons
from tests.encoded_photos import chunk, encode, segment
from tests.heif_photos import PIXELS, Item, Photo, box, full_box, grid, heic, sized

MAX_PIXELS = 50_000_000
PHOTO = "(64, 64, 3) uint8"
EMPTY = "is empty; replace it with a whole copy of the photo"
BROKEN = "is broken or cut short; replace it with a whole copy of the photo"
UNSUPPORTED = str(reasons.UNSUPPORTED)
TOO_LARGE = "claims more than 50,000,000 pixels; make it smaller"
TOO_MANY_SCANS = "is a JPEG of more than 32 scans; save it anew as an ordinary one"

TOO_MANY_TILES = "is a HEIC or AVIF of more than 10,000 references; save it anew as an ordinary one"


def outcome(content: bytes) -> str:
    """The shape and type of the network's input, or what is wrong with the photo."""
    try:
        pixels = read_cut_outs(content, 64, max_pixels=MAX_PIXELS)[0].pixels
    except PhotoError as error:
        return error.reason
    return f"{pixels.shape} {pixels.dtype}"


def a_photo() -> Image.Image:
    y, x = np.mgrid[0:64, 0:96]
    return Image.fromarray(np.stack([x * 2, y * 3, x * y % 251], axis=-1).astype(np.uint8))


JPEG = encode(a_photo(), "JPEG")
PROGRESSIVE = encode(a_photo(), "JPEG", progressive=True)
PNG = encode(a_photo(), "PNG")
WEBP = encode(a_photo(), "WEBP")
BMP = encode(a_photo(), "BMP")
GIF = encode(a_photo(), "GIF")
AVIF = encode(a_photo(), "AVIF")


def in_jpeg(segments: bytes) -> bytes:
    return JPEG[:2] + segments + JPEG[2:]


def jpeg_of_size(width: int, height: int) -> bytes:
    at = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:at] + struct.pack(">HH", height, width) + JPEG[at + 4 :]


def jpeg_of_scans(px: int, scans: int) -> bytes:
    """A grey progressive JPEG whose every further scan says in a few bytes that nothing changes."""
    blocks = (px // 8) ** 2
    # One code of one bit in each table: no difference to the block before; 32767 blocks without change.
    tables = segment(0xC4, b"\x00\x01" + b"\0" * 15 + b"\0") + segment(
        0xC4, b"\x10\x01" + b"\0" * 15 + b"\xe0"
    )
    frame = segment(0xC2, struct.pack(">BHHB3B", 8, px, px, 1, 1, 0x11, 0))
    first = segment(0xDA, b"\1\1\0\0\0\0") + b"\0" * (blocks // 8)
    further = segment(0xDA, b"\1\1\0\1\x3f\0") + b"\x7f\xff\0" * -(-blocks // 32767)
    quantisation = segment(0xDB, b"\0" + b"\1" * 64)
    return b"\xff\xd8" + quantisation + frame + tables + first + further * scans + b"\xff\xd9"


def in_png(chunks: bytes) -> bytes:
    return PNG[:33] + chunks + PNG[33:]


def png(width: int, height: int, depth: int, colours: int, rows: bytes, before: bytes = b"") -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + header + before + pixels + chunk(b"IEND", b"")


def zeros(size: int) -> bytes:
    return zlib.compress(b"\0" * size, 9)


def gif(screen: tuple[int, int], frame: tuple[int, int]) -> bytes:
    """One GIF frame of four pixels, whatever its sizes claim."""
    palette = bytes([1, 2, 3, 4, 5, 6])
    return (
        b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + palette
        + b"\x2c" + struct.pack("<HHHHB", 0, 0, *frame, 0) + b"\x02\x03\x44\x02\x05\0;"
    )  # fmt: skip


def webp(chunks: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def ico(picture: bytes) -> bytes:
    """An icon of one picture."""
    return b"\0\0\1\0\1\0" + b"\x40\x40\0\0\1\0\x20\0" + struct.pack("<II", len(picture), 22) + picture


VP8X = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0"
WEBP_CANVAS = VP8X + (95).to_bytes(3, "little") + (63).to_bytes(3, "little")

ODD_BUT_HONEST = {
    "JPEG of 32 scans": jpeg_of_scans(64, 31),
    "PNG of 16 bits a channel": png(2, 1, 16, 2, b"\0" + b"\xff\xff\0\0\x80\0" * 2),
    "one pixel": encode(Image.new("RGB", (1, 1)), "JPEG"),
    "one pixel wide": encode(Image.new("RGB", (1, 20_000)), "PNG"),
    "one pixel high": encode(Image.new("RGB", (20_000, 1)), "JPEG"),
    "as long as a JPEG can be": encode(Image.new("RGB", (1, 65_500)), "JPEG"),
    "BMP from top to bottom": BMP[:22] + struct.pack("<i", -64) + BMP[26:],
    "JPEG with an archive behind it": JPEG + b"PK\3\4 an archive",
    "PNG with a script behind it": PNG + b"<script>alert(1)</script>",
    "JPEG with a page in its comment": in_jpeg(segment(0xFE, b"<html><script>alert(1)</script>")),
    "two JPEGs": JPEG + JPEG,
    "JPEG of fill bytes": in_jpeg(b"\xff" * 10_000),
    "JPEG of 9,000 comments": in_jpeg(segment(0xFE, b"") * 9_000),
    "PNG of 10,000 chunks": in_png(chunk(b"abCd", b"") * 10_000),
    "HEIC": heic(),
    "HEIC of 90 tiles": grid(10, 9),
    "HEIC with a film behind it": heic(behind=box(b"mdat", bytes(10_000))),
    "HEIC with 90 unknown boxes": heic(more=[box(b"abcd")] * 90),
    "AVIF": AVIF,
    "AVIF of 10 bits": encode(a_photo(), "AVIF", quality=100, subsampling="4:4:4"),
    "icon of a PNG": ico(PNG),
    "PNG that claims 2,147,483,647 frames": in_png(chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))),
}

REFUSED = {
    "nothing": (b"", EMPTY),
    "text": (b"hello, world", UNSUPPORTED),
    "page": (b"<!doctype html><img src=a.png>", str(reasons.PAGE)),
    "film": (b"\0\0\0\x18ftypmp42\0\0\0\0", str(reasons.MP4)),
    "TIFF": (encode(a_photo(), "TIFF"), str(reasons.TIFF)),
    "HEIC without boxes": (b"\0\0\0\x18ftypheic\0\0\0\0", BROKEN),
    "HEIC without pixels": (heic(pixels=b""), BROKEN),
    "HEIC made of itself": (Photo([Item(b"grid", made_of=[1])]).encoded(), BROKEN),
    "AVIF that calls itself HEIC and has no pixels": (AVIF[: AVIF.index(b"mdat") + 4], BROKEN),
    "icon without pictures": (b"\0\0\1\0\0\0", BROKEN),
    "icon of a picture that is not there": (b"\0\0\1\0\1\0" + bytes(12) + b"\xff" * 4, BROKEN),
    "icon of 60000 x 60000": (ico(struct.pack("<IiiHH", 40, 60_000, 120_000, 1, 1) + bytes(24)), BROKEN),
    "icon in an icon": (ico(ico(PNG)), BROKEN),
    "PNG that calls itself JPEG": (b"\xff\xd8\xff" + PNG, BROKEN),
    "script that calls itself GIF": (b"GIF89a=1;alert(1)//", BROKEN),
    "JPEG without pixels": (JPEG[: JPEG.index(b"\xff\xda")], BROKEN),
    "JPEG of no size": (jpeg_of_size(0, 0), BROKEN),
    "JPEG of 12 bits": (JPEG.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc1\0\x11\x0c"), BROKEN),
    "PNG of no size": (png(0, 0, 8, 2, b""), BROKEN),
    "PNG of 3 bits": (png(8, 8, 3, 2, b""), BROKEN),
    "WebP without pixels": (webp(VP8X + b"\0" * 6), BROKEN),
}


@pytest.mark.parametrize("name", ODD_BUT_HONEST)
def test_what_is_only_odd_is_decoded(name: str) -> None:
    assert outcome(ODD_BUT_HONEST[name]) == PHOTO


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_photo_is_refused_in_one_sentence(name: str) -> None:
    content, reason = REFUSED[name]
    assert outcome(content) == reason


def filled(unit: bytes, size: int = 60_000_000) -> bytes:
    return unit * (size // len(unit))


def in_gif(blocks: bytes) -> bytes:
    start = 13 + (6 << (GIF[10] & 7))
    return GIF[:start] + blocks + GIF[start:]


def in_scan(content: bytes) -> bytes:
    """Within a progressive JPEG's last scan, with what makes the scans be looked at twice."""
    lookalikes = segment(0xFE, b"\xff\xda\0" * 40)
    first = PROGRESSIVE.index(b"\xff\xda")
    return PROGRESSIVE[:first] + lookalikes + PROGRESSIVE[first:-2] + content + b"\xff\xd9"


def packed_bmp(size: int) -> bytes:
    """A BMP whose runs are all of one pixel."""
    header = struct.pack("<IiiHHIIiiII", 40, 7000, 7000, 1, 8, 1, size, 0, 0, 256, 0)
    return (
        b"BM" + struct.pack("<IHHI", 1078 + size, 0, 0, 1078) + header + bytes(1024) + filled(b"\1\5", size)
    )


AV1 = AVIF[AVIF.index(b"mdat") + 4 :]


# A sequence header of the reduced kind, and in it 16 bits for each side.
HIDDEN = b"\x0a\x08" + (0b00011_00000_1111_1111 << 46 | (1 << 46) - 1).to_bytes(8, "big")


def avif_of(pixels: bytes, width: int = 96, height: int = 64) -> bytes:
    configuration = AVIF[(at := AVIF.index(b"av1C")) - 4 : at - 4 + int.from_bytes(AVIF[at - 4 : at], "big")]
    depths = full_box(b"pixi", b"\3\x08\x08\x08")
    return Photo(
        [Item(b"av01", pixels, [1, 2, 3])],
        [configuration, sized(width, height), depths],
        brands=(b"avif", b"mif1", b"miaf"),
    ).encoded()


def long_headers() -> dict[str, tuple[Callable[[], bytes], str]]:
    """Files of 60 MB whose parts are many, or large and none of the picture, and what they are told to be."""
    tables = segment(0xDB, (b"\0" + b"\1" * 64) * 1008)
    sizes = segment(0xC0, b"\x08\0\x40\0\x60\x03" + b"\1\x11\0" * 21_000)
    resources = segment(0xED, b"Photoshop 3.0\0" + b"8BIM\0\1\0\0\0\0\0\0" * 5400)
    exif = b"Exif\0\0"
    whole = WEBP_CANVAS + WEBP[12:]
    return {
        "JPEG of tiny EXIF segments": (lambda: in_jpeg(filled(segment(0xE1, exif))), "10,000 segments"),
        "JPEG of long EXIF": (lambda: in_jpeg(filled(segment(0xE1, exif + bytes(65_000)))), "decoded"),
        "JPEG of comments": (lambda: in_jpeg(filled(segment(0xFE, b""))), "10,000 segments"),
        "JPEG of fill bytes": (lambda: in_jpeg(filled(b"\xff")), "65,536 fill bytes"),
        "JPEG of stuffing": (lambda: in_jpeg(filled(b"\xff\0")), "65,536 fill bytes"),
        "JPEG of tables": (lambda: in_jpeg(filled(tables)), "decoded"),
        "JPEG of sizes": (lambda: in_jpeg(filled(sizes)), BROKEN),
        "JPEG of resources": (lambda: in_jpeg(filled(resources)), "decoded"),
        "JPEG of comments between scans": (lambda: in_scan(filled(segment(0xFE, b""))), "decoded"),
        "JPEG of fill bytes among its pixels": (lambda: in_scan(filled(b"\xff")), "1,024 fill bytes"),
        "PNG of empty chunks": (lambda: in_png(filled(chunk(b"abCd", b""))), "20,000 chunks"),
        "PNG of empty pixels": (lambda: in_png(filled(chunk(b"IDAT", b""))), "20,000 chunks"),
        "PNG of one chunk": (lambda: in_png(chunk(b"abCd", bytes(60_000_000))), "decoded"),
        "PNG of pixels too many": (
            lambda: PNG[:-12] + chunk(b"IDAT", bytes(60_000_000)) + PNG[-12:],
            "more data than its pixels can need",
        ),
        "GIF of one comment": (lambda: in_gif(b"!\xfe" + filled(b"\1a") + b"\0"), "10,000 blocks"),
        "GIF of tiny comments": (lambda: in_gif(filled(b"!\xfe\1a\0")), "10,000 blocks"),
        "GIF of stray bytes": (lambda: in_gif(filled(b"\0")), "10,000 blocks"),
        "WebP of empty chunks": (lambda: webp(whole + filled(b"abcd\0\0\0\0")), "10,000 chunks"),
        "WebP of one chunk": (
            lambda: webp(whole + b"abcd" + struct.pack("<I", 60_000_000) + bytes(60_000_000)),
            "8,000,000 bytes of metadata",
        ),
        "BMP of single pixels": (lambda: packed_bmp(60_000_000), "packed by run lengths"),
        "HEIC of empty boxes": (lambda: heic(behind=filled(box(b"free"))), "10,000 boxes"),
        "HEIC of tiny boxes within": (lambda: heic(more=[filled(box(b"free"))]), "10,000 boxes"),
        "HEIC of one box": (lambda: heic(behind=box(b"free", bytes(60_000_000))), "decoded"),
        "HEIC of tiny units": (lambda: heic(pixels=filled(b"\0\0\0\3\x4e\1\0")), BROKEN),
        "HEIC of slices": (lambda: heic(pixels=filled(PIXELS)), BROKEN),
        "AVIF of tiny units": (lambda: avif_of(filled(b"\x7a\0")), BROKEN),
        "AVIF of frames": (lambda: avif_of(filled(AV1)), BROKEN),
        "icon of an ordinary size": (lambda: ico(PNG + filled(b"\0")), "decoded"),
    }


def bombs() -> dict[str, tuple[bytes, str]]:
    """Small files that ask for much memory or much time, and how each is answered."""
    return {
        "JPEG of 60000 x 60000": (jpeg_of_size(60_000, 60_000), TOO_LARGE),
        "PNG of 60000 x 60000": (png(60_000, 60_000, 8, 2, b"\0" * 100_000), TOO_LARGE),
        "PNG of the largest size": (png(2**31 - 1, 2**31 - 1, 8, 2, b""), TOO_LARGE),
        "BMP of 60000 x 60000": (BMP[:18] + struct.pack("<ii", 60_000, 60_000) + BMP[26:], TOO_LARGE),
        "GIF of 60000 x 60000": (gif((60_000, 60_000), (2, 2)), TOO_LARGE),
        "GIF with a frame of 60000 x 60000": (gif((2, 2), (60_000, 60_000)), TOO_LARGE),
        "WebP of 16384 x 16384": (webp(VP8X + b"\xff\x3f\0" * 2 + WEBP[12:]), TOO_LARGE),
        "PNG with a profile of 50 MB": (in_png(chunk(b"iCCP", b"a\0\0" + zeros(50_000_000))), "decoded"),
        "PNG with a text of 50 MB": (in_png(chunk(b"zTXt", b"a\0\0" + zeros(50_000_000))), "decoded"),
        "PNG with a page of 50 MB": (in_png(chunk(b"iTXt", b"a\0\1\0\0\0" + zeros(50_000_000))), "decoded"),
        "PNG with 100 texts of 1 MB": (in_png(chunk(b"zTXt", b"a\0\0" + zeros(1_000_000)) * 100), "decoded"),
        "PNG with more pixels than it has": (png(8, 8, 8, 2, b"\0" * 50_000_000), "decoded"),
        "HEIC of 60000 x 60000": (heic(claimed=(60_000, 60_000)), TOO_LARGE),
        "HEIC of one tile 400 times": (grid(20, 20, repeated=True), BROKEN),
        "HEIC of one tile 32,400 times": (grid(180, 180, repeated=True), TOO_MANY_TILES),
        "HEIC of 9,000 tiles in the place of one": (grid(100, 90, claimed=(64, 64), repeated=True), BROKEN),
        "AVIF of 60000 x 60000": (avif_of(AV1, 60_000, 60_000), BROKEN),
        "AVIF that hides 65536 x 65536": (avif_of(HIDDEN + AV1), TOO_LARGE),
        "JPEG of 10,000 scans": (jpeg_of_scans(4096, 10_000), TOO_MANY_SCANS),
    }  # fmt: skip


CONFINED = """
import json, pickle, resource, sys
from kuzov.errors import PhotoError
from kuzov.cars.cut_out import read_cut_outs

def outcome(content):
    try:
        read_cut_outs(content, 64, max_pixels=50_000_000)
    except PhotoError as error:
        return error.reason
    return "decoded"

def confine(kind, most):
    resource.setrlimit(kind, (most, resource.RLIM_INFINITY))

for _ in range(2):  # what is allocated once and for all is none of the photos' doing
    outcome(pickle.load(sys.stdin.buffer))
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
memory, seconds = int(sys.argv[1]), int(sys.argv[2])
while name := pickle.load(sys.stdin.buffer):
    content = pickle.load(sys.stdin.buffer)
    used = resource.getrusage(resource.RUSAGE_SELF)
    confine(resource.RLIMIT_AS, size + len(content) + memory)
    confine(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + seconds)
    print(json.dumps([name, outcome(content)]), flush=True)
    confine(resource.RLIMIT_AS, resource.RLIM_INFINITY)  # for the next one has to be read
    del content
"""


def confined(
    photos: Iterable[tuple[str, bytes]], *, memory: int, seconds: int, folder: Path
) -> dict[str, str]:
    """What becomes of photos, one after the other, in a process that may take so many bytes more for each.

    Each may take so many seconds of the processor; where one takes more of either, the process ends, and the
    rest is not told of.
    """
    told = folder / "told"
    with told.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", CONFINED, str(memory), str(seconds)],
            stdin=subprocess.PIPE,
            stdout=output,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"},
        )
        with suppress(BrokenPipeError), process:
            assert process.stdin is not None
            pickle.dump(PNG, process.stdin)
            pickle.dump(heic(), process.stdin)
            for name, content in photos:
                pickle.dump(name, process.stdin)
                pickle.dump(content, process.stdin)
            pickle.dump("", process.stdin)
    return dict(json.loads(line) for line in told.read_text(encoding="utf-8").splitlines())


only_linux = pytest.mark.skipif(sys.platform != "linux", reason="Only Linux confines a process so.")


@only_linux
def test_bombs_take_neither_memory_nor_time(tmp_path: Path) -> None:
    cases = bombs()
    photos = ((name, content) for name, (content, _) in cases.items())
    found = confined(photos, memory=100_000_000, seconds=5, folder=tmp_path)
    assert found == {name: answer for name, (_, answer) in cases.items()}


@pytest.mark.slow
@only_linux
def test_long_headers_take_neither_memory_nor_time(tmp_path: Path) -> None:
    cases = long_headers()
    photos = ((name, make()) for name, (make, _) in cases.items())
    # Pillow's parser took up to 75 s.
    found = confined(photos, memory=50_000_000, seconds=5, folder=tmp_path)
    assert found.keys() == cases.keys()
    for name, (_, answer) in cases.items():
        assert answer in found[name], name


@pytest.mark.parametrize("content", [JPEG, PROGRESSIVE], ids=["baseline", "progressive"])
def test_a_jpeg_that_is_cut_anywhere_is_refused_or_lacks_only_its_end(content: bytes) -> None:
    cuts = {cut: outcome(content[:cut]) for cut in range(1, len(content) - 2, 7)}
    read = [cut for cut, found in cuts.items() if found == PHOTO]
    assert {found for cut, found in cuts.items() if cut not in read} == {BROKEN, UNSUPPORTED}
    assert cuts[1] == UNSUPPORTED
    assert read == sorted(cuts)[-len(read) :]  # once there is enough, more of it never does harm
    assert outcome(content[:-2]) == PHOTO
