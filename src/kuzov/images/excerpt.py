"""Some spans of an encoded photo, read as if they were a file."""

from __future__ import annotations

import io
from bisect import bisect_right
from itertools import accumulate
from typing import IO, cast


class Excerpt(io.RawIOBase):
    """A file of spans of some bytes, without a copy of them."""

    def __init__(self, content: bytes, spans: list[tuple[int, int]]) -> None:
        """Take spans (start, end), in order; what lies outside of the content is not there."""
        self._content = memoryview(content)
        self._spans = [(start, min(end, len(content))) for start, end in spans]
        self._ends = list(accumulate(max(0, end - start) for start, end in self._spans))
        self._at = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place, 0 being the start of the first span."""
        base = (0, self._at, self._ends[-1])[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """The place that is read next."""
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes, fewer only at the end; all the rest where the size is negative."""
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


def excerpt(content: bytes, spans: list[tuple[int, int]]) -> IO[bytes]:
    """Some spans of the content as a file; the content itself where they are all of it."""
    if spans == [(0, len(content))]:
        return io.BytesIO(content)
    return cast("IO[bytes]", Excerpt(content, spans))
