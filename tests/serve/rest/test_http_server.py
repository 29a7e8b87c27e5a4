from __future__ import annotations

import asyncio
import socket

import pytest

from kuzov.serve.rest.asgi import Receive, Scope, Send
from kuzov.serve.rest.http_server import RestServer


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": scope["path"].encode()[:2]})


async def ask(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /x HTTP/1.1\r\nHost: kuzov\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def test_it_answers_from_start_to_stop() -> None:
    async def live() -> bytes:
        listener = socket.create_server(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        server = RestServer(app, listener, grace_s=5)
        await server.start()
        answer = await ask(port)
        await server.stop()
        try:
            await ask(port)
        except ConnectionError:
            return answer
        raise AssertionError("The port still answers.")

    answer = asyncio.run(live())
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"/x")


def test_a_server_that_can_not_start_raises() -> None:
    async def start() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.close()
        await RestServer(app, listener, grace_s=5).start()

    with pytest.raises(OSError, match="Bad file descriptor"):
        asyncio.run(start())
