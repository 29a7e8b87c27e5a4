from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from kuzov.serve.rest.body import ClientGoneError
from kuzov.serve.rest.disconnect import while_client_waits


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
