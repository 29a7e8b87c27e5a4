"""HTTP and gRPC servers that do nothing, in processes of their own, and what a request costs them."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import grpc
import numpy as np
import uvicorn

from kuzov.serve.memory import keep_freed_memory

BLOCK, BLOCKS = 100, 15  # requests between two looks at the clock, and looks

Received = Callable[[bytes], bytes]
Serve = Callable[[Received, Connection], None]
Ask = Callable[[int, int, Callable[[], bool]], None]


def shown(seconds: float) -> str:
    """Seconds as µs or ms."""
    return f"{seconds * 1e6:.0f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"


async def answer_http(received: Received, _scope: object, receive: Any, send: Any) -> None:
    """Take a request's body together and answer it: an ASGI application."""
    chunks, more = [], True
    while more:
        message = await receive()
        chunks.append(message["body"])
        more = message["more_body"]
    received(b"".join(chunks))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


def serve_http(protocol: type[asyncio.Protocol], received: Received, connection: Connection) -> None:
    """Answer by uvicorn."""
    # Only where the socket names TCP does asyncio switch Nagle's algorithm off.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    connection.send(listener.getsockname()[1])
    app = partial(answer_http, received)
    config = uvicorn.Config(
        app, http=protocol, ws="none", lifespan="off", log_config=None, access_log=False, interface="asgi3"
    )
    asyncio.run(uvicorn.Server(config).serve([listener]))


def start_grpc(server: Any, answer: Callable[[bytes, object], object], connection: Connection) -> Any:
    """What starts the server when it is called, or awaited."""
    handlers = {"Ask": grpc.unary_unary_rpc_method_handler(answer)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("benchmark", handlers),))
    connection.send(server.add_insecure_port("127.0.0.1:0"))
    return server.start()


def serve_aio(received: Received, connection: Connection) -> None:
    """Answer by grpc.aio."""

    async def answer(request: bytes, _context: object) -> bytes:
        return received(request)

    async def run() -> None:
        server = grpc.aio.server()
        await start_grpc(server, answer, connection)
        await server.wait_for_termination()

    asyncio.run(run())


def serve_threads(received: Received, connection: Connection) -> None:
    """Answer by gRPC's threads."""
    server = grpc.server(ThreadPoolExecutor(2))
    start_grpc(server, lambda request, _context: received(request), connection)
    server.wait_for_termination()


def serve(serve_by: Serve, connection: Connection) -> None:
    """Tell the port, serve, and tell the CPU time of a request."""
    keep_freed_memory()
    looks: list[float] = []
    requests = itertools.count(1)

    def received(_request: bytes) -> bytes:
        if next(requests) % BLOCK == 0:
            looks.append(time.process_time())
            if len(looks) == BLOCKS:
                connection.send(float(np.diff(looks).min()) / BLOCK)
        return b""

    serve_by(received, connection)


def ask_http(port: int, size: int, enough: Callable[[], bool]) -> None:
    """Send POSTs until there were enough."""
    request = f"POST /v1/models/m:predict HTTP/1.1\r\nhost: a\r\ncontent-length: {size}\r\n\r\n".encode()
    request += bytes(size)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while not enough():
            client.sendall(request)
            answer = b""
            while not answer.endswith(b"{}"):
                answer += client.recv(4096) or sys.exit("The server has closed the connection.")


def ask_grpc(port: int, size: int, enough: Callable[[], bool]) -> None:
    """Call until there were enough."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call, request = channel.unary_unary("/benchmark/Ask"), bytes(size)
        while not enough():
            call(request, wait_for_ready=True)


def served(ask: Ask, serve_by: Serve, size: int) -> str:
    """CPU time of a request in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=serve, args=(serve_by, theirs), daemon=True)
    process.start()
    ask(ours.recv(), size, ours.poll)
    seconds: float = ours.recv()
    process.terminate()
    process.join()
    return shown(seconds)
