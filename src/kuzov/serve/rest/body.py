"""What a client sends: its body, read in memory and within limits, and then whether it still waits."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kuzov.errors import ErrorCode, invalid
from kuzov.serve.rest.answer import HttpError
from kuzov.serve.rest.asgi import Receive
from kuzov.serve.rest.request import Request

# Of a gzip body; members of honest ones hold some kilobytes at least.
_MOST_MEMBERS = 10_000
_PIECE_BYTES = 64 * 1024
_NO_GZIP = (
    "The request's body is not gzip, as its Content-Encoding says, or not whole. Pack it, or leave that "
    "header out."
)


class ClientGoneError(Exception):
    """The client closed the connection; nobody waits for an answer."""


def declared_bytes(request: Request, limit: int) -> int:
    """The size that a request's head tells of its body, 0 where it tells none; over the limit is a 413."""
    declared = request.header(b"content-length") or ""
    size = int(declared) if declared.isdecimal() else 0
    if size > limit:
        raise _too_large("The request's body", limit)
    return size


async def read_body(receive: Receive, limit: int) -> bytes:
    """Read the whole body of a request, of so many bytes at most: a larger one is a 413.

    Raises:
        ClientGoneError: The client left before it had sent everything.
    """
    # One block that grows: the gaps that many small pieces leave can't be given back to the system.
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunk: bytes = message.get("body", b"")
        body += chunk
        if len(body) > limit:
            raise _too_large("The request's body", limit)
        more = message.get("more_body", False)
    return bytes(body)


@asynccontextmanager
async def while_client_waits(receive: Receive) -> AsyncIterator[None]:
    """Cancel what runs inside as soon as the client, whose body was read, closes the connection.

    Raises:
        ClientGoneError: It did.
    """
    task = asyncio.current_task()
    assert task is not None
    gone = False

    async def watch() -> None:
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        gone = True
        task.cancel()

    watcher = asyncio.create_task(watch())
    try:
        yield
    except asyncio.CancelledError:
        if not gone:
            raise
        task.uncancel()
        raise ClientGoneError from None
    finally:
        watcher.cancel()


def is_packed(request: Request) -> bool:
    """Whether gzip is among a body's codings, as in "x-gzip" or "identity, gzip".

    No other coding is undone, as in TensorFlow Serving; unlike there, letters match in either case.
    """
    return "gzip" in (request.header(b"content-encoding") or "").lower()


def inflate(body: bytes, limit: int) -> bytes:
    """Unpack a gzip body of one member or several, to so many bytes at most; an empty one is empty.

    Raises:
        RequestError: INVALID: it is no gzip, or broken; a 413: it is larger.
    """
    text = bytearray()
    position = members = 0
    while position < len(body) and members < _MOST_MEMBERS:
        inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        while position < len(body) and not inflater.eof:
            # What follows a member is copied with its end, so little is given at a time.
            piece = memoryview(body)[position : position + _PIECE_BYTES]
            try:
                text += inflater.decompress(piece, limit + 1 - len(text))
            except zlib.error as error:
                raise invalid(_NO_GZIP) from error
            if len(text) > limit:
                raise _too_large("The unpacked body", limit)
            position += len(piece) - len(inflater.unused_data)
        members += 1
    if members and not (inflater.eof and position == len(body)):
        raise invalid(_NO_GZIP)
    return bytes(text)


def _too_large(what: str, limit: int) -> HttpError:
    text = f"{what} is larger than {limit} bytes. Send fewer photos in one request, or smaller ones."
    return HttpError(ErrorCode.INVALID, 413, text)
