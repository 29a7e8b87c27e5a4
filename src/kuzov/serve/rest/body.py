"""Reading a request's body, in memory and within limits."""

from __future__ import annotations

import zlib

from kuzov.errors import ErrorCode
from kuzov.serve.rest.answer import HttpError
from kuzov.serve.rest.asgi import Receive
from kuzov.serve.rest.request import Request


class ClientGoneError(Exception):
    """The client closed the connection; nobody waits for an answer."""


async def read_body(request: Request, receive: Receive, limit: int) -> bytes:
    """Read the whole body of a request.

    A body that declares a length over the limit is refused before any of it is read.

    Args:
        request: Its head.
        receive: Brings the body.
        limit: The highest size, in bytes.

    Raises:
        HttpError: 413: the body is larger.
        ClientGoneError: The client left before it had sent everything.
    """
    declared = request.header(b"content-length") or ""
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large("The request's body", limit)
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunk: bytes = message.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            raise _too_large("The request's body", limit)
        more = message.get("more_body", False)
    return b"".join(chunks)


def inflate(body: bytes, limit: int) -> bytes:
    """Unpack a gzip body. A broken one reads as empty, as in TensorFlow Serving.

    Raises:
        HttpError: 413: it unpacks to more than `limit` bytes.
    """
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        text = inflater.decompress(body, limit + 1)
    except zlib.error:
        return b""
    if len(text) > limit:
        raise _too_large("The unpacked body", limit)
    return text if inflater.eof else b""


def _too_large(what: str, limit: int) -> HttpError:
    text = f"{what} is larger than {limit} bytes. Send fewer photos in one request, or smaller ones."
    return HttpError(ErrorCode.INVALID, 413, text)
