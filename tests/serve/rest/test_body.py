from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import MutableMapping
from typing import Any

import pytest

from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.rest.answer import HttpError
from kuzov.serve.rest.body import (
    ClientGoneError,
    declared_bytes,
    inflate,
    is_packed,
    read_body,
    while_client_waits,
)
from kuzov.serve.rest.request import Request
from tests.errors import raises


def test_a_body_may_not_grow_without_limit() -> None:
    with pytest.raises(HttpError) as caught:
        inflate(gzip.compress(b" " * 10_000_000), 1000)
    assert caught.value.status == 413
    assert str(caught.value) == (
        "The unpacked body is larger than 1000 bytes. Send fewer photos in one request, or smaller ones."
    )


NO_GZIP = (
    "The request's body is not gzip, as its Content-Encoding says, or not whole. Pack it, or leave that "
    "header out."
)
MEMBERS = [gzip.compress(each, mtime=0) for each in (b'{"inputs"', b"", b": 1}")]


def test_the_members_of_a_body_are_put_together() -> None:
    assert inflate(b"".join(MEMBERS), 100) == b'{"inputs": 1}'
    large = [gzip.compress(bytes([each]) * 300_000, compresslevel=0) for each in range(3)]
    assert inflate(b"".join(large), 900_000) == bytes(300_000) + b"\1" * 300_000 + b"\2" * 300_000
    with pytest.raises(HttpError):
        inflate(b"".join(large), 899_999)


@pytest.mark.parametrize(
    "body",
    [
        b"no gzip",
        MEMBERS[0][:-1],
        MEMBERS[0] + b"more",
        MEMBERS[0] + b"\0",
        MEMBERS[0] + MEMBERS[2][:-1],
        MEMBERS[0][:-8] + MEMBERS[2][-8:],
        zlib.compress(b"zlib"),
        MEMBERS[1] * 20_000,
    ],
)
def test_a_broken_body_is_told(body: bytes) -> None:
    with raises(RequestError, NO_GZIP, ErrorCode.INVALID):
        inflate(body, 100)


def test_an_empty_body_is_empty() -> None:
    assert inflate(b"", 100) == b""


# TensorFlow Serving looks for the word in the header; of several headers kuzov looks in all.
@pytest.mark.parametrize(
    ("codings", "packed"),
    [
        ([], False),
        (["gzip"], True),
        (["x-gzip"], True),
        ([" gzip "], True),
        (["GZip"], True),
        (["X-GZIP"], True),
        (["identity, gzip"], True),
        (["gzip, identity"], True),
        (["gzip,"], True),
        (["identity", "gzip"], True),
        (["identity"], False),
        ([""], False),
        (["deflate"], False),
        (["br"], False),
        (["zstd"], False),
    ],
)
def test_whether_a_body_is_packed(codings: list[str], packed: bool) -> None:
    headers = [(b"content-encoding", each.encode()) for each in codings]
    assert is_packed(Request(method="POST", target="/", headers=headers)) == packed


def sent(*messages: dict[str, Any], limit: int) -> bytes:
    """What is read of a body that comes in these pieces."""
    pieces = iter(messages)

    async def receive() -> MutableMapping[str, Any]:
        return next(pieces)

    return asyncio.run(read_body(receive, limit))


def piece(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_is_put_together() -> None:
    assert sent(piece(b"ab", more=True), piece(b"", more=True), piece(b"cd", more=False), limit=4) == b"abcd"


@pytest.mark.parametrize(
    ("headers", "size"),
    [([(b"content-length", b"1000")], 1000), ([], 0), ([(b"content-length", b"-1")], 0)],
)
def test_the_size_that_the_head_tells(headers: list[tuple[bytes, bytes]], size: int) -> None:
    assert declared_bytes(Request(method="POST", target="/", headers=headers), 1000) == size


async def leaves() -> MutableMapping[str, Any]:
    return {"type": "http.disconnect"}


def test_work_ends_when_the_client_leaves() -> None:
    async def work() -> int:
        with pytest.raises(ClientGoneError):
            async with while_client_waits(leaves):
                await asyncio.Event().wait()
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()  # the task itself may go on

    assert asyncio.run(work()) == 0
