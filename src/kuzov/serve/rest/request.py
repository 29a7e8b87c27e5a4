"""A request as it stands in its head: everything but the body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kuzov.serve.rest.asgi import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The head of a request.

    Attributes:
        method: The HTTP method, in capitals.
        target: The path with its query as they stand in the request line, still percent-encoded.
        headers: Names, in small letters, and values, in the order in which they came.
    """

    method: str
    target: str
    headers: Sequence[tuple[bytes, bytes]]

    @classmethod
    def of(cls, scope: Scope) -> Request:
        """The request that an ASGI scope describes."""
        path: bytes = scope["raw_path"]
        query: bytes = scope["query_string"]
        target = path + b"?" + query if query else path
        return cls(method=scope["method"], target=target.decode("latin-1"), headers=scope["headers"])

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def header(self, name: bytes) -> str | None:
        """A header's value; None where it is not given. Several of one name are joined by commas."""
        values = [value for each, value in self.headers if each == name]
        return b", ".join(values).decode("latin-1") if values else None
