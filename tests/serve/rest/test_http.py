from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn

from kuzov.serve.rest import http
from kuzov.serve.rest.asgi import Receive, Scope, Send
from kuzov.serve.rest.http import HttpProtocol

LARGE = 50_000_000  # more than the buffers of both sides hold
GET = b"GET /v1/models/m HTTP/1.1\r\nHost: h\r\n\r\n"


@dataclass
class Echo:
    """Answers with the target and the body; `/slow` waits for `go_on`, `/refuse` reads no body."""

    go_on: threading.Event = field(default_factory=threading.Event)
    under_way: threading.Event = field(default_factory=threading.Event)
    disconnected: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        target = scope["raw_path"].decode()
        body = b""
        more = target != "/refuse"
        self.under_way.set()
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.disconnected.set()
                return
            body += message["body"]
            more = message["more_body"]
        if target == "/slow":
            await asyncio.to_thread(self.go_on.wait, 5)
        names = [name.decode() for name, _ in scope["headers"]]
        answer = json.dumps({"target": target, "size": len(body), "headers": names}).encode()
        if target == "/large":
            answer = b" " * LARGE
        headers = [(b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


class Client:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.file = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> tuple[int, dict[str, str], Any]:
        """Status, headers and JSON of the next answer."""
        status = int(self.file.readline().split()[1])
        headers = {}
        while line := self.file.readline().strip().decode():
            name, _, value = line.partition(": ")
            headers[name] = value
        body = self.file.read(int(headers.get("content-length", 0)))
        return status, headers, json.loads(body) if body.strip() else None

    def error(self) -> tuple[int, str]:
        """Status and text of the next answer, after which the connection ends."""
        status, headers, body = self.answer()
        assert headers["content-type"] == "application/json"
        assert headers["connection"] == "close"
        assert body.keys() == {"error"}
        assert self.closed()
        return status, body["error"]

    def closed(self) -> bool:
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True


@dataclass
class Running:
    """A server, and the application of the test that uses it now."""

    port: int
    connections: set[Any] = field(default_factory=set)
    echo: Echo = field(default_factory=Echo)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.echo(scope, receive, send)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = Running(port=listener.getsockname()[1])
        config = uvicorn.Config(
            app, http=HttpProtocol, ws="none", lifespan="off", log_config=None, access_log=False
        )
        server = uvicorn.Server(config)
        app.connections = server.server_state.connections
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        yield app
        server.should_exit = True
        thread.join()


@pytest.fixture
def echo(running: Running) -> Iterator[Echo]:
    running.echo = Echo()
    yield running.echo
    running.echo.go_on.set()


@pytest.fixture
def client(running: Running, echo: Echo) -> Iterator[Client]:
    client = Client(running.port)
    yield client
    client.file.close()
    client.socket.close()


def test_the_target_is_told_as_it_stands_in_the_request_line_or_in_a_proxys(client: Client) -> None:
    for target in ("/v1/models/a%2Fb?", "/v1/m?a=1#b", "//v1", "/v1/models/m:predict"):
        client.send(f"GET {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        assert client.answer()[2]["target"] == target
    client.send(b"GET http://h:8501/v1/models/m HTTP/1.1\r\nHost: h\r\n\r\n")
    assert client.answer()[2]["target"] == "/v1/models/m"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/7.0\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost h\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_not_http_is_told_so(client: Client, request_bytes: bytes) -> None:
    client.send(request_bytes)
    assert client.error() == (400, "This is not a valid HTTP request.")


BODY = b"\n\r\n\r\r\n\n{}"
POST = b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "target", "size"),
    [
        (GET.replace(b"\r\n", b"\n"), "/v1/models/m", 0),
        (b"GET / HTTP/1.1\nHost: h\r\nA: b\n\r\n", "/", 0),
        (b"GET / HTTP/1.1\r\nHost: h\nA: b\r\n\n", "/", 0),
        (b"GET / HTTP/1.1\r\nHost: h\r\n\n", "/", 0),
        (b"GET / HTTP/1.1\n\n", "/", 0),
        (b"\n\nGET / HTTP/1.1\nHost: h\n\n", "/", 0),
        (POST.replace(b"\r\n", b"\n") + BODY, "/p", len(BODY)),
        (POST.replace(b"\r\n", b"\n", 1) + BODY, "/p", len(BODY)),
        (POST + BODY, "/p", len(BODY)),
        (
            b"POST /u HTTP/1.1\nHost: h\nUpgrade: h2c\nConnection: Upgrade\nContent-Length: 9\n\n" + BODY,
            "/u",
            9,
        ),
        (b"POST /c HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n2\r\n\n\n\r\n0\r\n\r\n", "/c", 2),
    ],
)
def test_a_line_of_a_head_may_end_in_a_line_feed_alone(
    client: Client, request_bytes: bytes, target: str, size: int
) -> None:
    for step in (len(request_bytes), 1, 2, 7):
        for start in range(0, len(request_bytes), step):
            client.send(request_bytes[start : start + step])
        status, _, body = client.answer()
        assert (status, body["target"], body["size"]) == (200, target, size)
    client.send(GET.replace(b"\r\n", b"\n") * 3)
    assert [client.answer()[0] for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\rHost: h\r\r",
        b"GET / HTTP/1.1\r\nHost: h\rA: b\r\n\r\n",
        b"GET / HTTP/1.1\nHost: h\rA: b\n\n",
        b"GET / HTTP/1.1\nHost: h\r\r\n\n",
    ],
)
def test_a_carriage_return_alone_ends_no_line(client: Client, request_bytes: bytes) -> None:
    client.send(request_bytes)
    assert client.error() == (400, "This is not a valid HTTP request.")


def test_a_broken_body_ends_its_request(client: Client, echo: Echo) -> None:
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n")
    assert client.error() == (400, "This is not a valid HTTP request.")
    assert echo.disconnected.wait(5)


@pytest.mark.parametrize("before", [b"", b"GET /first HTTP/1.1\r\nHost: h\r\n\r\n"])
def test_what_follows_a_request_does_not_spoil_its_answer(client: Client, echo: Echo, before: bytes) -> None:
    client.send(before + b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
    if before:
        assert client.answer()[2]["target"] == "/first"
    assert echo.under_way.wait(5)
    client.send(b"not a request\r\n\r\n")
    client.send(b"still not\r\n\r\n")
    echo.go_on.set()
    status, headers, body = client.answer()
    assert (status, headers["connection"], body["target"]) == (200, "close", "/slow")
    assert client.closed()


@pytest.mark.parametrize("pieces", [1, 40])
def test_a_long_request_line(client: Client, pieces: int) -> None:
    line = b"GET /" + b"a" * (http.MAX_TARGET_BYTES + 4000)
    size = len(line) // pieces
    for start in range(0, len(line), size):
        client.send(line[start : start + size])
    assert client.error() == (414, "The request line is longer than 16384 bytes.")


LONG = "The request's headers are longer than 65536 bytes."


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        (b"A: " + b"a" * 70_000 + b"\r\n", LONG),
        (b"".join(b"A%d: %s\r\n" % (i, b"a" * 7000) for i in range(10)), LONG),
        (b"A: a\r\n" * 101, "The request has more than 100 headers."),
    ],
)
def test_long_headers(client: Client, headers: bytes, text: str) -> None:
    client.send(b"GET / HTTP/1.1\r\n" + headers + b"\r\n")
    assert client.error() == (431, text)


def test_a_header_without_end(client: Client) -> None:
    client.send(b"GET / HTTP/1.1\r\nA: ")
    for _ in range(40):
        client.send(b"a" * 10_000)
    assert client.error() == (431, LONG)


def test_trailers_are_not_headers(client: Client) -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    client.send(head + b"1\r\na\r\n0\r\nX-API-Key: k\r\n\r\n")
    assert client.answer()[2] == {"target": "/", "size": 1, "headers": ["host", "transfer-encoding"]}


def test_the_connection_outlives_answers_to_bodies_that_were_not_read(client: Client) -> None:
    for _ in range(2):
        client.send(b"POST /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + b"a" * 500_000)
        assert client.answer()[0] == 200
    client.send(GET)
    assert client.answer()[2]["target"] == "/v1/models/m"


def test_a_body_waits_for_leave(client: Client) -> None:
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert client.file.readline() == b"HTTP/1.1 100 Continue\r\n"
    assert client.file.readline() == b"\r\n"
    client.send(b"abc")
    assert client.answer()[2]["size"] == 3


def test_the_wish_for_another_protocol_is_passed_over(client: Client) -> None:
    upgrade = (
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"
    )
    for _ in range(2):
        client.send(b"POST / HTTP/1.1\r\nHost: h\r\n" + upgrade + b"Content-Length: 3\r\n\r\nabc")
        assert client.answer()[2]["size"] == 3


def test_requests_in_one_packet_are_answered_in_turn(client: Client) -> None:
    client.send(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
    assert [client.answer()[2]["target"] for _ in range(2)] == ["/1", "/2"]


def test_a_client_that_leaves_is_noticed(client: Client, echo: Echo) -> None:
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n")
    assert echo.under_way.wait(5)
    client.file.close()
    client.socket.close()
    assert echo.disconnected.wait(5)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "HEAD_TIMEOUT_S", 0.2)


@pytest.mark.usefixtures("hasty")
class TestSlowClients:
    def test_a_head_that_does_not_end(self, client: Client) -> None:
        client.send(GET)
        client.answer()
        client.send(GET[:-4])
        assert client.error() == (408, "The head of the request did not arrive within 0.2 seconds.")

    def test_a_connection_without_a_request(self, client: Client) -> None:
        client.send(b"\r\n")
        assert client.closed()

    def test_a_body_that_nobody_reads(self, client: Client) -> None:
        client.send(b"POST /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n")
        assert client.answer()[0] == 200
        assert client.closed()

    def test_an_answer_that_is_not_fetched(self, client: Client, running: Running) -> None:
        client.send(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
        assert running.echo.under_way.wait(5)
        for _ in range(500):
            if not running.connections:
                break
            threading.Event().wait(0.01)
        fetched = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := client.socket.recv(1_000_000):
                fetched += len(piece)
        assert 0 < fetched < LARGE

    def test_a_request_that_takes_longer_is_let_be(self, client: Client, echo: Echo) -> None:
        client.send(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
        threading.Event().wait(0.4)
        echo.go_on.set()
        assert client.answer()[0] == 200
