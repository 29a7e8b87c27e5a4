"""A list of photos as text, in whichever encoding the program wrote it that made it."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import IO

PROBE_BYTES = 65_536


def encoding_of(start: bytes) -> str | None:
    """How a list is written: UTF-8 or, as Windows' programs may, UTF-16; None where it is no text."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" not in start:
        return "utf-8-sig"
    # Without a mark: Latin letters, points and the lines' ends have a zero, always on the same side.
    first, second = (start[side::2].count(0) for side in (0, 1))
    if b"\0\0" in start or (first and second):
        return None
    return "utf-16-be" if first else "utf-16-le"


def lines_of(file: IO[bytes]) -> Iterator[str]:
    """The lines of a list that are not empty; bytes that are no UTF-8 stay, as file names may hold them."""
    start = file.read(PROBE_BYTES)
    encoding = encoding_of(start) or "utf-8-sig"
    errors = "surrogateescape" if encoding == "utf-8-sig" else "replace"
    pieces = chain([start], iter(partial(file.read, PROBE_BYTES), b""))
    under_way = ""
    for text in codecs.iterdecode(pieces, encoding, errors):
        *whole, under_way = (under_way + text).split("\n")
        yield from (name for each in whole if (name := each.rstrip("\r")))
    if name := under_way.rstrip("\r"):
        yield name
