"""Answers packed by gzip, for the clients that ask for it."""

from __future__ import annotations

import re
import zlib

MIN_BYTES = 1024  # smaller answers go in one packet either way

# Text of numbers packs hardly better at the higher levels, which take the processor from inference.
_LEVEL = 1
_CODING = re.compile(r"\s*([^\s,;]+)\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?", re.IGNORECASE)


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether a client wants its answer packed by gzip.

    Args:
        accept_encoding: The header, such as "br;q=1.0, gzip;q=0.8, *;q=0"; None where it is not given. What
            can't be read in it asks for nothing.
    """
    qualities: dict[str, float] = {}
    for item in (accept_encoding or "").split(","):
        if found := _CODING.fullmatch(item):
            qualities.setdefault(found[1].lower(), float(found[2] or 1))
    wanted = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0)))
    # "identity" beside it is a client that would rather have the answer as it is.
    return wanted > 0 and wanted >= qualities.get("identity", 0)


def gzip(body: bytes) -> bytes:
    """Pack a body; the same body gives the same bytes, without a name or a time in them."""
    packer = zlib.compressobj(_LEVEL, wbits=zlib.MAX_WBITS | 16)
    return packer.compress(body) + packer.flush()
