"""Which parts of an encoded photo are handed to Pillow, found by a short walk of our own.

Pillow parses what precedes the pixels in Python, with the interpreter's lock held, and keeps most of it: a
file of millions of empty comments would stop a server for a minute. So the parts are counted, up to a limit
that no honest photo comes near, and Pillow sees those that make the picture, and the orientation.
"""

from __future__ import annotations

import io
import struct
import zlib
from bisect import bisect_right
from itertools import accumulate
from typing import IO, cast

from kuzov.errors import PhotoError

MAX_PARTS = 10_000
MAX_PNG_CHUNKS = 20_000  # many programs write the pixels in chunks of 8 KB
MAX_RUN_LENGTH_BYTES = 1_000_000
MAX_METADATA_BYTES = 8_000_000

TOO_MUCH = "is a PNG of more data than its pixels can need; save it anew as an ordinary one"
TOO_MANY = "is a {} of more than {:,} {}; save it anew as an ordinary one"

_PICTURE_CHUNKS = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf", b"IEND"))
_WEBP_PICTURE = frozenset((b"VP8 ", b"VP8L", b"ALPH", b"ANMF"))
_LONGEST_METADATA = 65_536
_LONGEST_TEXT = 1_000_000
# Those texts of a PNG that may tell how it is turned; Pillow looks into no others for that.
_TELL_ORIENTATION = (b"Raw profile type exif\0", b"XML:com.adobe.xmp\0")
_LARGEST_ICON_PX = 1024
_MOST_ICON_BYTES = 16_000_000  # what follows in a hostile file is not copied
_GIF_EXTENSION, _GIF_FRAME, _GIF_CONTROL, _GIF_PALETTE = 0x21, 0x2C, 0xF9, 0x80

Span = tuple[int, int]


def excerpt(content: bytes, spans: list[Span]) -> IO[bytes]:
    """Some spans of the content as a file; the content itself where they are all of it."""
    if spans == [(0, len(content))]:
        return io.BytesIO(content)
    return cast("IO[bytes]", _Excerpt(content, spans))


def png_parts(png: bytes, name: str) -> list[Span]:
    """The spans of a PNG that make its picture: neither texts, nor profiles, nor an animation.

    Raises:
        PhotoError: It has too many chunks, or more data than its pixels can need.
        ValueError: It is broken.
    """
    spans, at, spare, told = [(0, 8)], 8, _longest_pixels(png), set[bytes]()
    for _ in range(MAX_PNG_CHUNKS):
        if at + 8 > len(png):
            return spans
        length, kind = struct.unpack_from(">I4s", png, at)
        end = at + 12 + length
        if kind in _PICTURE_CHUNKS:
            if kind == b"IDAT" or length <= _LONGEST_METADATA or _is_first_exif(kind, length, told):
                _add(spans, at, end)
            spare -= min(length, len(png) - at - 8) if kind == b"IDAT" else 0
        elif not kind.isalpha():
            raise ValueError("not a chunk")
        elif png.startswith(_TELL_ORIENTATION, at + 8) and kind not in told and _is_sound(png, at, end):
            told.add(kind)
            _add(spans, at, end)
        if spare < 0:
            raise PhotoError(name, TOO_MUCH)
        if kind == b"IEND":
            return spans
        at = end
    raise PhotoError(name, TOO_MANY.format("PNG", MAX_PNG_CHUNKS, "chunks"))


def _is_first_exif(kind: bytes, length: int, told: set[bytes]) -> bool:
    """Whether it is a PNG's long EXIF block, with a thumbnail in it, and no further one."""
    found = kind == b"eXIf" and kind not in told and length <= MAX_METADATA_BYTES
    told.update({kind} if found else ())
    return found


def _is_sound(png: bytes, at: int, end: int) -> bool:
    """Whether Pillow can read a PNG's text, which for a photo's pixels does not matter."""
    kind, content = png[at + 4 : at + 8], png[at + 8 : end - 4]
    if len(content) > _LONGEST_TEXT or png[end - 4 : end] != zlib.crc32(png[at + 4 : end - 4]).to_bytes(
        4, "big"
    ):
        return False
    _, _, rest = content.partition(b"\0")
    if kind == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    else:
        packed, rest = kind == b"zTXt", rest[1:]
    if not packed:
        return True
    try:
        unpacking = zlib.decompressobj()
        unpacking.decompress(rest, _LONGEST_TEXT)
    except zlib.error:
        return False
    return not unpacking.unconsumed_tail


def _longest_pixels(png: bytes) -> int:
    width, height, depth, colours = map(int, struct.unpack_from(">IIBB", png, 16))
    bits = {2: 3, 4: 2, 6: 4}.get(colours, 1) * depth
    return _LONGEST_METADATA + 2 * height * (1 + (width * bits + 7) // 8)


def gif_parts(gif: bytes, name: str) -> list[Span]:
    """The spans of a GIF that make its first frame: the header, its control block, and the frame itself.

    Raises:
        PhotoError: It has too many blocks before the frame.
        ValueError: It is broken.
    """
    at = 13 + _palette_bytes(gif[10])
    spans, control, blocks = [(0, at)], None, 0
    while blocks < MAX_PARTS and at < len(gif):
        if gif[at] == _GIF_FRAME:
            return [*spans, *([control] if control else []), (at, len(gif))]
        start, blocks = at, blocks + 1
        if gif[at] != _GIF_EXTENSION:  # a stray byte, such as one terminator too many
            at += 1
            continue
        at += 2
        while blocks < MAX_PARTS and at < len(gif) and gif[at]:
            at, blocks = at + 1 + gif[at], blocks + 1
        at += 1
        if gif[start + 1 : start + 2] == bytes([_GIF_CONTROL]):
            control = (start, at)
    if at < len(gif):
        raise PhotoError(name, TOO_MANY.format("GIF", MAX_PARTS, "blocks before its first frame"))
    raise ValueError("no frame")


def _palette_bytes(flags: int) -> int:
    return 6 << (flags & 7) if flags & _GIF_PALETTE else 0


def check_webp(webp: bytes, name: str) -> None:
    """Count a WebP's chunks, which its decoder lists and copies before it decodes the first.

    Raises:
        PhotoError: There are too many, or too much of it is no picture.
    """
    at, metadata = 12, 0
    for _ in range(MAX_PARTS):
        if at + 8 > len(webp):
            return
        kind, length = struct.unpack_from("<4sI", webp, at)
        metadata += 0 if kind in _WEBP_PICTURE else min(length, len(webp) - at - 8)
        if metadata > MAX_METADATA_BYTES:
            raise PhotoError(name, TOO_MANY.format("WebP", MAX_METADATA_BYTES, "bytes of metadata"))
        at += 8 + length + length % 2
    raise PhotoError(name, TOO_MANY.format("WebP", MAX_PARTS, "chunks"))


def check_bmp(bmp: bytes, name: str) -> None:
    """See that a BMP is not one of the rare ones whose pixels Pillow unpacks in Python, and large.

    Raises:
        PhotoError: It is.
    """
    header, compression = int.from_bytes(bmp[14:18], "little"), int.from_bytes(bmp[30:34], "little")
    if header >= 40 and compression in {1, 2} and len(bmp) > MAX_RUN_LENGTH_BYTES:
        raise PhotoError(name, TOO_MANY.format("BMP", MAX_RUN_LENGTH_BYTES, "bytes packed by run lengths"))


def largest_icon(ico: bytes) -> bytes:
    """The largest picture of an ICO: a PNG, or an ICO of it alone.

    Raises:
        ValueError: It is broken, or larger than an icon is.
    """
    count = int.from_bytes(ico[4:6], "little")
    places = range(6, min(6 + 16 * count, len(ico) - 15), 16)
    # A side of 256 is written as 0.
    at = max(places, key=lambda each: ((ico[each] or 256) * (ico[each + 1] or 256), ico[each + 6]))
    length, offset = struct.unpack_from("<II", ico, at + 8)
    picture = ico[offset : offset + min(length, _MOST_ICON_BYTES)]
    if picture.startswith(b"\x89PNG"):
        return picture
    header, width, height = struct.unpack_from("<Iii", picture)
    if header < 40 or not 0 < width <= _LARGEST_ICON_PX or not 0 < abs(height) <= 2 * _LARGEST_ICON_PX:
        raise ValueError("not an icon")
    return ico[:4] + b"\1\0" + ico[at : at + 12] + (22).to_bytes(4, "little") + picture


def _add(spans: list[Span], start: int, end: int) -> None:
    if spans[-1][1] == start:
        spans[-1] = (spans[-1][0], end)
    else:
        spans.append((start, end))


class _Excerpt(io.RawIOBase):
    """A file of spans, in order; what lies outside of the content is not there."""

    def __init__(self, content: bytes, spans: list[Span]) -> None:
        self._content = memoryview(content)
        self._spans = [(start, min(end, len(content))) for start, end in spans]
        self._ends = list(accumulate(max(0, end - start) for start, end in self._spans))
        self._at = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = (0, self._at, self._ends[-1])[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._ends[-1] - self._at if size is None or size < 0 else size
        found: list[memoryview] = []
        index = bisect_right(self._ends, self._at)
        while wanted > 0 and index < len(self._ends):
            stop = self._spans[index][1]
            start = stop - (self._ends[index] - self._at)
            piece = self._content[start : min(stop, start + wanted)]
            found.append(piece)
            self._at, wanted, index = self._at + len(piece), wanted - len(piece), index + 1
        return b"".join(found)
