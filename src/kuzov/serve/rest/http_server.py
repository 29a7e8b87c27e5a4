"""The REST port: uvicorn on the event loop that the caller runs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from kuzov.serve.rest.asgi import ASGIApp
from kuzov.serve.rest.http import HttpProtocol

KEEP_ALIVE_S = 60
BACKLOG = 2048


class RestServer:
    """Answers on one socket, from `start` to `stop`."""

    def __init__(self, app: ASGIApp, listener: socket.socket, grace_s: float) -> None:
        """A server that answers nobody yet; it closes the bound socket; requests have `grace_s` to end."""
        config = uvicorn.Config(
            app,
            http=HttpProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # nobody asks for the client's address
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=grace_s,  # type: ignore[arg-type]
            backlog=BACKLOG,
        )
        self._listener = listener
        self._server = _Server(config)
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Let clients in."""
        self._running = asyncio.create_task(self._server.serve([self._listener]))
        while not (self._server.started or self._running.done()):
            await asyncio.sleep(0.001)
        if self._running.done():
            self._running.result()  # raises what kept it from starting

    async def stop(self) -> None:
        """Let no more clients in; return when the requests under way are answered, or grace is over."""
        self._server.should_exit = True
        if self._running is not None:
            await self._running


class _Server(uvicorn.Server):
    """uvicorn, but signals are left to the process that it is a part of."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
