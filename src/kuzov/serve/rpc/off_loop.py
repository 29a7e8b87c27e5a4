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


class OffLoop:
    """Calls functions that read or write messages."""

    def __init__(self, pool: Executor) -> None:
        """Use the threads of a pool for large messages."""
        self._pool = pool

    async def run(self, size: int, work: Callable[..., R], *args: object) -> R:
        """Call a function that handles a message of `size` bytes."""
        if size <= LARGE_BYTES:
            return work(*args)
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *args)
