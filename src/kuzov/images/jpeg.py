"""Which parts of a JPEG are handed to Pillow; see `kuzov.images.structure`."""

from __future__ import annotations

import re

from kuzov.errors import PhotoError
from kuzov.images.structure import MAX_PARTS, TOO_MANY

MAX_FILL_BYTES = 65_536
MAX_SCANS = 32

# Those that a length follows and that libjpeg reads; it refuses a photo with any other.
_START_OF_FRAME = frozenset((0xC0, 0xC1, 0xC2, 0xC9, 0xCA))
_START_OF_SCAN, _APP1 = 0xDA, 0xE1
_SEGMENTS = _START_OF_FRAME | {0xC4, 0xCC, 0xDA, 0xDB, 0xDC, 0xDD, *range(0xE0, 0xF0), 0xFE}
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])", re.DOTALL)  # but stuffing, and what may stand alone
_SCAN = b"\xff\xda\0"  # the length that follows is 14 at most
_FILL_RUN = b"\xff" * 1024


def jpeg_parts(jpeg: bytes, name: str) -> tuple[bytes, int]:
    """What matters of a JPEG's header, and how far to read; scans, of all pixels each, are counted.

    The header is the mark of the start, the first EXIF segment, the sizes, and the header of the first scan.

    Raises:
        PhotoError: It has too many segments or scans, or too many bytes between them.
        ValueError: It is broken.
    """
    header, at, fill, sizes = [jpeg[:2]], 2, 0, False
    for _ in range(MAX_PARTS):
        found = _MARKER.search(jpeg, at, at + MAX_FILL_BYTES - fill + 2)
        if found is None:
            if len(jpeg) - at > MAX_FILL_BYTES - fill:
                raise PhotoError(name, TOO_MANY.format("JPEG", MAX_FILL_BYTES, "fill bytes"))
            break
        kind, fill = found[1][0], fill + found.start() - at
        if kind not in _SEGMENTS:
            break
        start, at = found.start(), found.end() + max(2, _length(jpeg, found.end()))
        if kind in _START_OF_FRAME and sizes:
            break
        sizes = sizes or kind in _START_OF_FRAME
        exif = kind == _APP1 and len(header) == 1 and jpeg.startswith(b"Exif\0\0", found.end() + 2)
        if exif or kind in _START_OF_FRAME or kind == _START_OF_SCAN:
            header.append(jpeg[start:at])
        if kind == _START_OF_SCAN:
            return b"".join(header), _jpeg_end(jpeg, start, name)
    else:
        raise PhotoError(name, TOO_MANY.format("JPEG", MAX_PARTS, "segments"))
    raise ValueError("no pixels")


def _jpeg_end(jpeg: bytes, first_scan: int, name: str) -> int:
    run = jpeg.find(_FILL_RUN, first_scan)
    if run < 0 and jpeg.count(_SCAN, first_scan) <= MAX_SCANS:
        return len(jpeg)
    # Either may occur in what phones append, but not among the pixels. A segment between scans could hide a
    # mark of the end: then nothing beyond it is decoded, and the photo counts as cut short.
    mark = jpeg.find(b"\xff\xd9", first_scan)
    end = len(jpeg) if mark < 0 else mark + 2
    # Over a long run the decoder starts again with each piece of the file that it is given.
    if 0 <= run < end:
        raise PhotoError(name, TOO_MANY.format("JPEG", len(_FILL_RUN), "fill bytes in a row"))
    if jpeg.count(_SCAN, first_scan, end) > MAX_SCANS:
        raise PhotoError(name, TOO_MANY.format("JPEG", MAX_SCANS, "scans"))
    return end


def _length(jpeg: bytes, at: int) -> int:
    return int.from_bytes(jpeg[at : at + 2], "big")
