"""What is added to the REST port from outside the server: a page, the calls that it makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from kuzov.serve.rest.answer import Answer
from kuzov.serve.rest.request import Request
from kuzov.serve.service import Service


class Extension(Protocol):
    """Answers the requests for some paths."""

    max_body_bytes: int
    """The largest body that it takes."""

    def owns(self, path: str) -> bool:
        """Whether it answers requests for a path. TensorFlow Serving's paths and /docs never get here."""

    def is_open(self, path: str) -> bool:
        """Whether a path that it owns needs no API key."""

    async def answer(self, request: Request, body: bytes) -> Answer:
        """Answer a request, on the server's event loop.

        Raises:
            RequestError: The request is refused; its text is told to the client.
        """

    def close(self) -> None:
        """End what it has begun; the server stops."""


OpenExtension: TypeAlias = Callable[[Service], Extension]
"""Makes an extension for a server that is about to answer."""
