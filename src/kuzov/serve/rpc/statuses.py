"""Kinds of failure as gRPC spells them."""

from __future__ import annotations

from collections.abc import Mapping

import grpc

from kuzov.errors import ErrorCode

MAX_DETAILS = 1024
"""Longer texts are cut: gRPC sends them in HTTP/2's trailers, whose size clients bound."""
CUT = "...TRUNCATED"

STATUS_CODES: Mapping[ErrorCode, grpc.StatusCode] = {code: grpc.StatusCode[code.value] for code in ErrorCode}


def details(message: str) -> str:
    """An error's text as a client gets it: at most 1024 bytes of UTF-8, and a note where it was cut."""
    text = message.encode("utf-8", "replace")
    cut = text[:MAX_DETAILS].decode("utf-8", "ignore")
    return cut + CUT if len(text) > MAX_DETAILS else cut
