"""Where messages are read and written: small ones on the event loop, large ones beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from kuzov.serve.limits import MEBIBYTE

LARGE_BYTES = MEBIBYTE
"""What is larger would hold up the other requests; below it the way to another thread and back costs more."""

R = TypeVar("R")


async def off_loop(pool: Executor, size: int, work: Callable[..., R], *args: object) -> R:
    """Call a function that reads or writes a message of `size` bytes; a large one on a thread of the pool."""
    if size <= LARGE_BYTES:
        return work(*args)
    return await asyncio.get_running_loop().run_in_executor(pool, work, *args)
