"""How much memory the bodies of requests take together.

Sixteen photos of 5 MB that arrive at the same time would be held whole while two are decoded. Here the later
ones wait until there is room: their clients then wait to send, by TCP's own means, and lose nothing by it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from kuzov.serve.limits import MEBIBYTE

ROOM_BYTES = 16 * MEBIBYTE
SMALL_BYTES = 64 * 1024  # smaller bodies never wait, nor count
PATIENCE_S = 0.25


class Room:
    """Lets bodies in, in the order in which they ask, while there is room for them.

    The bound is a soft one: where nothing was let go for `patience_s`, as those within come over slow lines,
    the next one is let in all the same. So a client that sends a byte a second holds nobody up.
    """

    def __init__(self, size: int = ROOM_BYTES, patience_s: float = PATIENCE_S) -> None:
        """Room for so many bytes; a larger body has it to itself."""
        self._size = size
        self._patience_s = patience_s
        self._held = 0
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def enter(self, size: int) -> AbstractContextManager[None]:
        """Wait until there is room for a body of so many bytes; it is held until the end of the context."""
        if size < SMALL_BYTES:
            return nullcontext()
        if self._line or not self._fits(size):
            await self._stand_in_line(size)
        else:
            self._held += size
        return self._hold(size)

    @contextmanager
    def _hold(self, size: int) -> Iterator[None]:
        try:
            yield
        finally:
            self._let_go(size)

    async def _stand_in_line(self, size: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((size, turn))
        self._watch()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._let_in()
            else:  # its turn came at the same moment
                self._let_go(size)
            raise

    def _fits(self, size: int) -> bool:
        return self._held == 0 or self._held + size <= self._size

    def _let_go(self, size: int) -> None:
        self._held -= size
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._let_in()

    def _let_in(self, *, beyond: bool = False) -> None:
        """Let in whoever is first in line and fits; one more `beyond` that."""
        while self._line:
            size, turn = self._line[0]
            if not turn.cancelled():
                if not (beyond or self._fits(size)):
                    break
                beyond = False
                self._held += size
                turn.set_result(None)
            self._line.popleft()
        self._watch()

    def _watch(self) -> None:
        if self._line and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._patience_s, self._lose_patience)

    def _lose_patience(self) -> None:
        self._timer = None
        self._let_in(beyond=True)
