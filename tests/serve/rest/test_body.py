from __future__ import annotations

import asyncio
import gzip
from collections.abc import MutableMapping
from typing import Any

import pytest

from kuzov.serve.rest.answer import HttpError
from kuzov.serve.rest.body import ClientGoneError, declared_bytes, inflate, read_body, while_client_waits
from kuzov.serve.rest.request import Request


def test_a_body_may_not_grow_without_limit() -> None:
    with pytest.raises(HttpError) as caught:
        inflate(gzip.compress(b" " * 10_000_000), 1000)
    assert caught.value.status == 413
    assert str(caught.value) == (
        "The unpacked body is larger than 1000 bytes. Send fewer photos in one request, or smaller ones."
    )


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
