"""How much one request, and all of them together, may ask of the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from kuzov.errors import ErrorCode, OverloadedError, RequestError, invalid
from kuzov.network import Tensors

MEBIBYTE = 1024 * 1024
RETRY_AFTER_S = 1
"""When a client may try again whose request the server did not take on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds that keep one client from taking the server from the others.

    Attributes:
        max_body_bytes: Size of a request's body, or of a gRPC message.
        max_inflated_bytes: Size of a gzip body once it is unpacked.
        max_rows: Photos, other strings or examples in one request; numbers are bounded by its size alone.
        max_image_pixels: Pixels of an encoded photo, by its header.
        max_requests: Requests under way or waiting; those past it are refused at once.
        request_timeout_s: Time that a request may take, from its first byte to its answer.
    """

    max_body_bytes: int = 64 * MEBIBYTE
    max_inflated_bytes: int = 100_000_000
    max_rows: int = 16_384
    max_image_pixels: int = 50_000_000
    max_requests: int = 128
    request_timeout_s: float = 30.0

    def check_rows(self, rows: int) -> None:
        """Raise INVALID for more photos, strings or examples than the server takes in one request."""
        if rows > self.max_rows:
            raise invalid(
                f"The request has {rows} rows, but this server takes at most {self.max_rows} at a time. "
                "Send them in several requests."
            )

    def check_strings(self, tensors: Tensors) -> None:
        """Raise INVALID as `check_rows` does, for the rows of DT_STRING tensors."""
        for tensor in tensors.values():
            if tensor.dtype == np.object_:
                self.check_rows(len(tensor) if tensor.ndim else 1)


class Admission:
    """Counts the requests under way, and refuses those past the limit at once rather than late.

    Safe to use from several threads.
    """

    def __init__(self, max_requests: int) -> None:
        self.under_way = 0
        self.closed = False
        self._max_requests = max_requests
        self._lock = threading.Lock()

    def close(self) -> None:
        """Take no more requests on, as the server is stopping; those under way go on."""
        self.closed = True

    def check(self) -> None:
        """Refuse as `enter` would at this moment, but hold no place.

        Raises:
            OverloadedError: All places are taken.
            RequestError: UNAVAILABLE: the server is stopping.
        """
        if self.closed:
            raise RequestError(ErrorCode.UNAVAILABLE, "The server is stopping. Send the request again.")
        if self.under_way >= self._max_requests:
            raise OverloadedError(
                f"The server has {self._max_requests} requests under way already. Try again in a second."
            )

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Hold a place while a request is answered; raises as `check` does."""
        with self._lock:
            self.check()
            self.under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self.under_way -= 1
