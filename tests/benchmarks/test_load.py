from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import pytest

from benchmarks.serving.load import Load, Request, percentile, run

METHOD = "/tests.Digest/Sha256"


class Upper(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if body == body.lower() else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.upper())

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def rest() -> Iterator[tuple[str, int]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Upper) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield "127.0.0.1", server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def rpc() -> Iterator[tuple[str, int]]:
    def digest(request: bytes, context: grpc.ServicerContext) -> bytes:
        if not request:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "nothing to digest")
        return sha256(request).digest()

    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "Sha256": grpc.unary_unary_rpc_method_handler(digest)
    }
    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("tests.Digest", handlers),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield "127.0.0.1", port
        server.stop(None).wait()


def http_request(address: tuple[str, int], folder: Path, body: bytes) -> Request:
    file = folder / "request.http"
    file.write_bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    return Request(address=address, file=str(file))


def grpc_request(address: tuple[str, int], folder: Path, message: bytes) -> Request:
    file = folder / "request.grpc"
    file.write_bytes(message)
    return Request(address=address, file=str(file), method=METHOD)


def test_percentiles_are_values_that_were_measured() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert percentile(values, 50) == 3.0
    assert percentile(values, 99) == 5.0
    assert percentile(values, 20) == 1.0
    assert percentile([], 50) != percentile([], 50)  # NaN


def test_as_many_answers_as_asked_for(rest: tuple[str, int], tmp_path: Path) -> None:
    result = run(Load(requests=[http_request(rest, tmp_path, b"car")], clients=2, count=20))
    assert 20 <= result.answered <= 21
    assert result.failed == 0
    assert {base64.b64decode(body) for body in result.samples} == {b"CAR"}
    assert 0 < result.median_s <= result.p99_s <= result.seconds


def test_answers_of_another_status_have_failed(rest: tuple[str, int], tmp_path: Path) -> None:
    result = run(Load(requests=[http_request(rest, tmp_path, b"Car")], clients=1, count=3))
    assert (result.answered, result.failed) == (0, 3)
    assert base64.b64decode(result.samples[0]) == b"CAR"


def test_requests_larger_than_the_windows_of_http2(rpc: tuple[str, int], tmp_path: Path) -> None:
    message = bytes(range(256)) * 4000  # 1 MB, where a window begins with 64 kB
    result = run(Load(requests=[grpc_request(rpc, tmp_path, message)], clients=2, count=6))
    assert result.failed == 0
    assert {base64.b64decode(body) for body in result.samples} == {sha256(message).digest()}


def test_rpcs_of_another_status_have_failed(rpc: tuple[str, int], tmp_path: Path) -> None:
    result = run(Load(requests=[grpc_request(rpc, tmp_path, b"")], clients=1, count=2))
    assert (result.answered, result.failed) == (0, 2)
    assert b"nothing to digest" in base64.b64decode(result.samples[0])


def test_an_open_loop_keeps_to_its_rate(rest: tuple[str, int], tmp_path: Path) -> None:
    request = http_request(rest, tmp_path, b"car")
    result = run(Load(requests=[request], clients=4, rate=50, seconds=0.4, warm_s=0.1))
    assert result.answered <= 21


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Upper) as server:
        address = "127.0.0.1", server.server_port
    with pytest.raises(ConnectionRefusedError):
        run(Load(requests=[http_request(address, tmp_path, b"car")], clients=1, count=1))
