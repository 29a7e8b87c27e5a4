"""What lets the pages of other sites call the API, as TensorFlow Serving does it."""

from __future__ import annotations

from kuzov.serve.rest.answer import Answer
from kuzov.serve.rest.path import malformed
from kuzov.serve.rest.request import Request


def cors_headers(*, needs_key: bool) -> tuple[tuple[str, str], ...]:
    """The headers of every answer; with keys, which TensorFlow Serving has not, a page may send one along."""
    return (
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "POST, GET"),
        (
            "access-control-allow-headers",
            "Content-Type, Authorization, X-API-Key" if needs_key else "Content-Type",
        ),
    )


def preflight(request: Request) -> Answer:
    """The answer to a browser's OPTIONS request, which comes before the one that it is about.

    Raises:
        RequestError: INVALID: it does not say which site asks.
    """
    origin = request.header(b"origin") or ""
    if "http://" in origin or "https://" in origin:
        return Answer(body=b"")
    raise malformed(request.method, request.target)
