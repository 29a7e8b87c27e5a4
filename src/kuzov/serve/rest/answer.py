"""An answer: which status tells which error, what lets other sites read it, and gzip for who asks."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from kuzov.errors import ErrorCode, OverloadedError, RequestError
from kuzov.serve.limits import RETRY_AFTER_S
from kuzov.serve.rest.asgi import Send
from kuzov.serve.rest.json_answer import error_json
from kuzov.serve.rest.request import Request, malformed

JSON = "application/json"
MIN_PACKED_BYTES = 1024  # smaller answers go in one packet either way
# TensorFlow Serving's clients know the body; what is kuzov's own stands beside it.
REASON_HEADER = "kuzov-reason"
# TensorFlow Serving's table.
STATUSES: Mapping[ErrorCode, int] = {
    ErrorCode.CANCELLED: 499,
    ErrorCode.UNKNOWN: 500,
    ErrorCode.INVALID: 400,
    ErrorCode.DEADLINE_EXCEEDED: 504,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.ALREADY_EXISTS: 409,
    ErrorCode.PERMISSION_DENIED: 403,
    ErrorCode.RESOURCE_EXHAUSTED: 429,
    ErrorCode.FAILED_PRECONDITION: 400,
    ErrorCode.ABORTED: 409,
    ErrorCode.OUT_OF_RANGE: 400,
    ErrorCode.UNIMPLEMENTED: 501,
    ErrorCode.INTERNAL: 500,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.DATA_LOSS: 500,
    ErrorCode.UNAUTHENTICATED: 401,
}

# Text of numbers packs hardly better at the higher levels, which take the processor from inference.
_GZIP_LEVEL = 1
_CODING = re.compile(r"\s*([^\s,;]+)\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a request; `headers` are further ones, their names in small letters."""

    status: int = 200
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


class HttpError(RequestError):
    """A failure with an HTTP status of its own, which the table of codes does not give."""

    def __init__(
        self,
        code: ErrorCode,
        status: int,
        message: str,
        headers: tuple[tuple[str, str], ...] = (),
        reason: str | None = None,
    ) -> None:
        super().__init__(code, message, reason)
        self.status = status
        self.headers = headers


def error_answer(error: RequestError) -> Answer:
    """The answer that tells an error: `{"error": "…"}`, and its reason, if it has one, in a header."""
    status = STATUSES[error.code]
    headers: tuple[tuple[str, str], ...] = ()
    if isinstance(error, HttpError):
        status, headers = error.status, error.headers
    elif isinstance(error, OverloadedError):
        # 429 would blame this one client; balancers take 503 elsewhere.
        status, headers = 503, (("retry-after", str(RETRY_AFTER_S)),)
    elif error.code is ErrorCode.UNAUTHENTICATED:
        headers = (("www-authenticate", "Bearer"),)
    if error.reason is not None:
        headers = (*headers, (REASON_HEADER, error.reason))
    return Answer(status=status, body=error_json(str(error)), headers=headers)


def expect_method(request: Request, *methods: str) -> None:
    """Raise 405 unless a request is of one of these methods, the first of which is told."""
    if request.method not in methods:
        text = f"{request.path} answers {methods[0]} only, not {request.method}."
        raise HttpError(ErrorCode.UNIMPLEMENTED, 405, text, (("allow", ", ".join(methods)),))


async def send_answer(send: Send, answer: Answer) -> None:
    """Send an answer."""
    head = (("content-type", answer.content_type), ("content-length", str(len(answer.body))), *answer.headers)
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in head],
        }
    )
    await send({"type": "http.response.body", "body": answer.body})


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
    raise malformed(request)


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether a header such as "br;q=1.0, gzip;q=0.8, *;q=0" asks for gzip; what can't be read does not."""
    qualities: dict[str, float] = {}
    for item in (accept_encoding or "").split(","):
        if found := _CODING.fullmatch(item):
            qualities.setdefault(found[1].lower(), float(found[2] or 1))
    wanted = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0)))
    # "identity" beside it is a client that would rather have the answer as it is.
    return wanted > 0 and wanted >= qualities.get("identity", 0)


def gzip(body: bytes) -> bytes:
    """Pack a body; the same body gives the same bytes, without a name or a time in them."""
    packer = zlib.compressobj(_GZIP_LEVEL, wbits=zlib.MAX_WBITS | 16)
    return packer.compress(body) + packer.flush()
