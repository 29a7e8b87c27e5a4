from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from kuzov.serve.rest.body import ClientGoneError
from kuzov.serve.rest.disconnect import while_client_waits


async def stays() -> MutableMapping[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError


async def leaves() -> MutableMapping[str, Any]:
    return {"type": "http.disconnect"}


def test_work_is_done_while_the_client_waits() -> None:
    async def work() -> int:
        async with while_client_waits(stays):
            await asyncio.sleep(0)
            return 7

    assert asyncio.run(work()) == 7


def test_work_ends_when_the_client_leaves() -> None:
    async def work() -> int:
        with pytest.raises(ClientGoneError):
            async with while_client_waits(leaves):
                await asyncio.Event().wait()
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()  # the task itself may go on

    assert asyncio.run(work()) == 0


def test_a_time_limit_inside_is_still_one() -> None:
    async def work() -> None:
        async with asyncio.timeout(0.001), while_client_waits(stays):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        asyncio.run(work())
