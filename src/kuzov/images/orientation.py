"""How a photo is turned: the orientation in its EXIF block, wherever programs put that, or in its XMP."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from typing import Any

from PIL import Image

_ORIENTATION_TAG = 0x0112
_PREFIX = b"Exif\0\0"
_RAW_PROFILE = "Raw profile type exif"  # ImageMagick's, in hexadecimal digits
_MOST_DIGITS = 4_000_000
_IN_XMP = re.compile(rb"tiff:Orientation(?:\s*=\s*[\"']|>)([1-8])")
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation(info: Mapping[Any, Any]) -> int:
    """The orientation, 1..8, in Pillow's `info` of an image: its EXIF's or, lacking that, its XMP's."""
    told = _in_exif(info.get("exif") or _raw_profile(info.get(_RAW_PROFILE, "")))
    if told is None:
        xmp = info.get("XML:com.adobe.xmp") or info.get("xmp") or b""
        found = _IN_XMP.search(xmp.encode("utf-8", "replace") if isinstance(xmp, str) else xmp)
        told = int(found[1]) if found else 1
    return told if 1 <= told <= 8 else 1


def _in_exif(exif: bytes) -> int | None:
    """The number in an EXIF block; None where there is none.

    Pillow's own reader warns of damaged blocks, and for this one number it need not be asked.
    """
    tiff = exif
    while tiff.startswith(_PREFIX):  # some programs write it twice
        tiff = tiff[len(_PREFIX) :]
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return None
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
        for entry in range(directory + 2, directory + 2 + 12 * entries, 12):
            tag, kind = struct.unpack_from(f"{order}HH", tiff, entry)
            if tag == _ORIENTATION_TAG:
                # A SHORT by the standard; some cameras write a LONG.
                (value,) = struct.unpack_from(f"{order}{'I' if kind == 4 else 'H'}", tiff, entry + 8)
                return int(value)
    except struct.error:
        pass
    return None


def _raw_profile(text: str) -> bytes:
    """The block in a profile: three lines that tell its kind and length, then digits."""
    digits = "".join(text[:_MOST_DIGITS].split("\n")[3:])
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return b""
