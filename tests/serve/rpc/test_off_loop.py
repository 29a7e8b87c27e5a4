from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from kuzov.serve.rpc.off_loop import LARGE_BYTES, off_loop


def test_only_large_messages_leave_the_event_loop() -> None:
    async def threads() -> list[bool]:
        with ThreadPoolExecutor(1) as pool:
            return [
                await off_loop(pool, size, threading.get_ident) == threading.get_ident()
                for size in (0, LARGE_BYTES, LARGE_BYTES + 1)
            ]

    assert asyncio.run(threads()) == [True, True, False]
