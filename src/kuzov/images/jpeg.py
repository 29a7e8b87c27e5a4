"""A JPEG as Pillow is to read it, and which parts of it that are; see `kuzov.images.structure`."""

from __future__ import annotations

import re
from io import BytesIO

from PIL import Image, JpegImagePlugin

from kuzov.errors import PhotoError
from kuzov.images.structure import MAX_PARTS, TOO_MANY

MAX_FILL_BYTES = 65_536
MAX_SCANS = 32
MAX_EXIF_BYTES = 2_000_000

MOST_MISSING = 0.15
"""A JPEG that was cut short is read where no more of its rows are missing."""

# Those that a length follows and that libjpeg reads; it refuses a photo with any other.
_START_OF_FRAME = frozenset((0xC0, 0xC1, 0xC2, 0xC9, 0xCA))
_START_OF_SCAN, _APP1 = 0xDA, 0xE1
_TELL_ORIENTATION = (b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0")
_END, _FILL = b"\xff\xd9", range(127, 130)
_SEGMENTS = _START_OF_FRAME | {0xC4, 0xCC, 0xDA, 0xDB, 0xDC, 0xDD, *range(0xE0, 0xF0), 0xFE}
_BETWEEN_SCANS = (0xC4, 0xCC, 0xDA, 0xDB, 0xDD, 0xFE)
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])", re.DOTALL)  # but stuffing, and what may stand alone
_SCAN = b"\xff\xda\0"  # the length that follows is 14 at most
_FILL_RUN = b"\xff" * 1024


class Jpeg(JpegImagePlugin.JpegImageFile):
    """A JPEG read up to a given end, whose EXIF is not parsed on opening: Pillow may warn of it."""

    end: int
    lacks_end = False

    @classmethod
    def of(cls, content: bytes, name: str) -> Jpeg:
        """Have Pillow read the header; the pixels are read from the whole content then."""
        header, end = jpeg_parts(content, name)
        jpeg = cls(BytesIO(header))
        jpeg.fp, jpeg.end = BytesIO(content), end
        return jpeg

    def getexif(self) -> Image.Exif:
        """Nothing, on opening; `kuzov.images.orientation` reads the block."""
        return Image.Exif()

    def load_read(self, read_bytes: int) -> bytes:
        """Bytes for the decoder, and a mark of the end where there are no more."""
        assert self.fp is not None
        found = super().load_read(max(0, min(read_bytes, self.end - self.fp.tell())))
        if found or self.lacks_end:
            return found
        self.lacks_end = True  # as browsers do, go on as if all were there: the rest becomes grey
        return _END

    def missing(self) -> float:
        """Which part of its rows the loaded photo lacks, 0..1: those at its lower end that are plain grey."""
        if not self.lacks_end:
            return 0.0
        found = self.getchannel(0).point([0 if value in _FILL else 255 for value in range(256)]).getbbox()
        return 1 - (found[3] if found else 0) / self.height


def jpeg_parts(jpeg: bytes, name: str) -> tuple[bytes, int]:
    """What matters of a JPEG's header, and how far to read; scans, of all pixels each, are counted.

    The header is the mark of the start, the EXIF and XMP segments, the sizes, and the header of the first
    scan.

    Raises:
        PhotoError: It has too many segments or scans, or too many bytes between them.
        ValueError: It is broken.
    """
    header, at, fill, sizes, exif_bytes = [jpeg[:2]], 2, 0, False, 0
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
        exif = kind == _APP1 and jpeg.startswith(_TELL_ORIENTATION, found.end() + 2)
        exif_bytes += at - start if exif else 0
        if (exif and exif_bytes <= MAX_EXIF_BYTES) or kind in _START_OF_FRAME or kind == _START_OF_SCAN:
            header.append(jpeg[start:at])
        if kind == _START_OF_SCAN:
            return b"".join(header), _jpeg_end(jpeg, start, name)
    else:
        raise PhotoError(name, TOO_MANY.format("JPEG", MAX_PARTS, "segments"))
    raise ValueError("no pixels")


def _jpeg_end(jpeg: bytes, first_scan: int, name: str) -> int:
    if jpeg.rfind(_END, first_scan) < 0:
        jpeg = jpeg[: _whole_until(jpeg, first_scan)]
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


def _whole_until(jpeg: bytes, first_scan: int) -> int:
    """Where a JPEG without an end has one: before a segment between its scans that is cut short."""
    last = max(jpeg.rfind(b"\xff" + bytes([kind]), first_scan) for kind in _BETWEEN_SCANS)
    ends = last + max(4, 2 + _length(jpeg, last + 2))
    return last if first_scan < last and ends >= len(jpeg) else len(jpeg)


def _length(jpeg: bytes, at: int) -> int:
    return int.from_bytes(jpeg[at : at + 2], "big")
