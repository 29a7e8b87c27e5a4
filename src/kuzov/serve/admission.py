"""How many requests are taken on at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from kuzov.errors import ErrorCode, OverloadedError, RequestError


class Admission:
    """Counts the requests under way, and refuses those past the limit at once rather than late.

    Safe to use from several threads.
    """

    def __init__(self, max_requests: int) -> None:
        self._max_requests = max_requests
        self._lock = threading.Lock()
        self._under_way = 0
        self._closed = False

    @property
    def under_way(self) -> int:
        """Number of requests taken on and not yet answered."""
        return self._under_way

    @property
    def closed(self) -> bool:
        """Whether new requests are refused because the server is stopping."""
        return self._closed

    def close(self) -> None:
        """Take no more requests on; those under way go on."""
        self._closed = True

    def check(self) -> None:
        """Refuse as `enter` would at this moment, but hold no place.

        Raises:
            OverloadedError: All places are taken.
            RequestError: UNAVAILABLE: the server is stopping.
        """
        if self._closed:
            raise RequestError(ErrorCode.UNAVAILABLE, "The server is stopping. Send the request again.")
        if self._under_way >= self._max_requests:
            raise OverloadedError(
                f"The server has {self._max_requests} requests under way already. Try again in a second."
            )

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Hold a place while a request is answered.

        Raises:
            OverloadedError: All places are taken.
            RequestError: UNAVAILABLE: the server is stopping.
        """
        with self._lock:
            self.check()
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
