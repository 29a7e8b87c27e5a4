from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO, TypeAlias
from urllib.parse import urljoin, urlsplit

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from kuzov.errors import KuzovError
from kuzov.serve.server import serve
from kuzov.serve.settings import FREE_PORT, RestSettings, RpcSettings, ServeSettings

Start: TypeAlias = Callable[..., subprocess.Popen[str]]

# A server whose model takes as many seconds for an answer as it is asked, and says when it has begun; for
# less than none a thread dies. The last argument is a line that runs first.
SLOW_SERVER = """
import logging, sys, threading, time
from pathlib import Path
import numpy as np
from kuzov.records import Signature, TensorSpec
from kuzov.serve.repository.config import ModelConfig
from kuzov.serve.rest.app import CUT_OFF
from kuzov.serve.server import serve
from kuzov.serve.settings import FREE_PORT, RestSettings, RpcSettings, ServeSettings
from tests.serve.engines import PlainEngine

class SlowEngine(PlainEngine):
    spec = TensorSpec(dtype="DT_FLOAT", shape=(-1,), name="x:0")
    signatures = {"serving_default": Signature(inputs={"x": spec}, outputs={"x": spec}, method_name="")}
    def batched(self, signature):
        return False
    def infer(self, network, tensors):
        print("under way", flush=True)
        if tensors["x"][0] < 0:
            dying = threading.Thread(target=sys.exit, name="the-keeper")
            dying.start()
            dying.join()
            return tensors
        time.sleep(float(tensors["x"][0]))
        return tensors

exec(sys.argv[4])
logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.INFO)
serve(
    ServeSettings(
        models=(ModelConfig(name="m", base_path=Path(sys.argv[1])),),
        host="127.0.0.1",
        rpc=RpcSettings(port=FREE_PORT),
        rest=RestSettings(port=FREE_PORT, metrics_path="/metrics"),
        grace_s=float(sys.argv[2]),
        workers=int(sys.argv[3]),
    ),
    load_engine=lambda _: SlowEngine(),
)
"""


@pytest.fixture
def base_path(tmp_path: Path) -> Path:
    version = tmp_path / "m" / "123"
    version.mkdir(parents=True)
    (version / "saved_model.pb").touch()
    return version.parent


@pytest.fixture
def start(base_path: Path) -> Iterator[Start]:
    """Starts the server; it is killed at the end if it still runs."""
    with ExitStack() as stack:

        def start_one(grace_s: float = 30, workers: int = 1, first: str = "") -> subprocess.Popen[str]:
            options = [str(base_path), str(grace_s), str(workers), first]
            command = [sys.executable, "-c", SLOW_SERVER, *options]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start_one


@pytest.fixture
def server(start: Start) -> subprocess.Popen[str]:
    return start()


def lines(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


def url_of(process: subprocess.Popen[str]) -> str:
    for line in lines(process):
        if line.startswith("Exporting HTTP/REST API at:"):
            address = line.removeprefix("Exporting HTTP/REST API at:").removesuffix(" ...\n")
            return f"http://{address}/v1/models/m"
    raise AssertionError("The server ended before it was ready.")


def ask(url: str, seconds: float = 0) -> object:
    parts = urlsplit(url)
    with closing(HTTPConnection(parts.netloc, timeout=10)) as connection:
        try:
            connection.request("POST", f"{parts.path}:predict", json.dumps({"inputs": [seconds]}))
            return json.load(connection.getresponse())
        except (HTTPException, ConnectionError, json.JSONDecodeError) as error:
            return error


def ended(server: subprocess.Popen[str]) -> int:
    """The status with which a server ends that is told to stop."""
    server.send_signal(signal.SIGTERM)
    return server.wait(timeout=20)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_request_under_way_finish(
    server: subprocess.Popen[str], number: signal.Signals
) -> None:
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, url_of(server), 0.5)
        assert lines(server).readline() == "under way\n"
        server.send_signal(number)
    assert answer.result() == {"outputs": [0.5]}
    assert server.wait(timeout=10) == 0


def test_a_second_signal_ends_the_server_at_once(server: subprocess.Popen[str]) -> None:
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, url_of(server), 8)
        assert lines(server).readline() == "under way\n"
        server.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert ended(server) == -signal.SIGTERM
    assert isinstance(answer.result(), Exception)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_signal_ends_the_server_while_it_loads_too(start: Start, workers: int) -> None:
    load = "SlowEngine.__init__ = lambda self: (print('loading', flush=True), time.sleep(1))"
    server = start(workers=workers, first=load)
    wait_for(server, "loading")
    assert ended(server) == 0


def test_workers_share_the_ports_and_end_together(start: Start) -> None:
    server = start(workers=2)
    url = url_of(server)
    assert url_of(server) == url
    for _ in range(4):
        assert ask(url) == {"outputs": [0.0]}
    assert ended(server) == 0


def wait_for(process: subprocess.Popen[str], text: str) -> None:
    assert any(text in line for line in lines(process)), "The server ended before it said so."


def get(url: str) -> tuple[int, str]:
    parts = urlsplit(url)
    with closing(HTTPConnection(parts.netloc, timeout=10)) as connection:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        return response.status, response.read().decode()


FULL = "OSError(28, 'No space left on device')"


def test_a_full_disk_ends_no_worker(start: Start) -> None:
    first = f"Path.write_text = lambda *_, **__: (_ for _ in ()).throw({FULL})"
    server = start(workers=2, first=first)
    url = url_of(server)
    wait_for(server, "The metrics of this worker can't be left for the others: [Errno 28] No space left on")
    assert ask(url) == {"outputs": [0.0]}
    status, page = get(urljoin(url, "/metrics"))
    assert (status, "kuzov_requests_under_way 0" in page) == (200, True)
    assert ended(server) == 0


def test_a_disk_that_is_full_from_the_start_keeps_no_worker_from_serving(start: Start) -> None:
    first = f"import tempfile; tempfile.mkdtemp = lambda *_, **__: (_ for _ in ()).throw({FULL})"
    server = start(workers=2, first=first)
    wait_for(server, "The workers can't share their metrics; each tells its own: [Errno 28] No space left on")
    assert ask(url_of(server)) == {"outputs": [0.0]}
    assert ended(server) == 0


def test_a_thread_that_dies_is_told_of(start: Start) -> None:
    server = start()
    for line in lines(server):
        if line.startswith("Running gRPC"):
            grpc_address = line.split()[4]
            break
    url = url_of(server)
    assert get(urljoin(url, "/readyz"))[0] == 200
    ask(url, -1)
    status, reason = get(urljoin(url, "/readyz"))
    text = "The thread the-keeper has died; the log says why. Start the server again."
    assert (status, json.loads(reason)) == (503, {"ready": False, "reason": text})
    with grpc.insecure_channel(grpc_address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        answer = health.Check(health_pb2.HealthCheckRequest(), timeout=10)
    assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert ended(server) == 0


@pytest.mark.slow
def test_a_worker_whose_thread_dies_is_replaced(start: Start) -> None:
    server = start(workers=2)
    url = url_of(server)
    assert url_of(server) == url
    time.sleep(1.1)  # they have served for a while
    ask(url, -1)
    wait_for(server, "it is started again")
    assert url_of(server) == url
    assert ended(server) == 0


def test_a_port_in_use_is_told_with_its_own_option() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        rest = RestSettings(port=taken.getsockname()[1])
        settings = ServeSettings(models=(), host="127.0.0.1", rpc=RpcSettings(port=FREE_PORT), rest=rest)
        with pytest.raises(KuzovError, match=r"or choose another with --rest-api-port\.$"):
            serve(settings)
