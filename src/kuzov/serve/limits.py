"""How much one request, and all of them together, may ask of the server."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds that keep one client from taking the server from the others.

    Attributes:
        max_body_bytes: Size of a request's body, or of a gRPC message.
        max_inflated_bytes: Size of a gzip body once it is unpacked.
        max_rows: Rows, photos or examples in one request.
        max_image_pixels: Pixels of an encoded photo, by its header.
        max_requests: Requests under way or waiting; those past it are refused at once.
        request_timeout_s: Time that a request may take, from its first byte to its answer.
    """

    max_body_bytes: int = 64 * MEBIBYTE
    max_inflated_bytes: int = 100_000_000
    max_rows: int = 4096
    max_image_pixels: int = 50_000_000
    max_requests: int = 128
    request_timeout_s: float = 30.0
