"""A server in a process of its own, and clients that ask it all the time."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import numpy as np
from PIL import Image

from kuzov.bundle.card import read_card
from kuzov.bundle.ready import ready_model
from kuzov.wire import messages
from kuzov.wire.tensors import from_numpy

LONG = os.environ.get("KUZOV_CHAOS") == "long"
"""Whether the tests take the time that shows what builds up slowly; by default they take seconds."""

REPOSITORY = Path(__file__).parents[2]
REAL = ("-m", "kuzov", "serve")
SLOW = ("-m", "tests.chaos.slow_server", "serve")

_READY = re.compile(
    r"gRPC ModelServer at 127\.0\.0\.1:(\d+) .*HTTP/REST API at:127\.0\.0\.1:(\d+) ", re.DOTALL
)


def a_photo(side: int = 120) -> bytes:
    pixels = np.random.default_rng(side).integers(0, 255, (side // 8, side // 8, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((side, side)).save(buffer, "JPEG")
    return buffer.getvalue()


PHOTO = a_photo()
IMAGE_PX = read_card(ready_model() / "1").image_px


@dataclass(frozen=True)
class Server:
    """A running server of the model m."""

    process: subprocess.Popen[bytes]
    log: Path
    rpc_port: int
    rest_port: int

    @property
    def resident_mib(self) -> float:
        """Its resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1024

    @property
    def open_files(self) -> int:
        """How many files and connections it has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Its log, where that is JSON."""
        lines = self.log.read_text(encoding="ascii").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def stop(self, timeout_s: float = 20) -> int:
        """Tell it to stop; gives its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of a page."""
        with Rest(self) as client:
            return client.send("GET", path)

    def states(self) -> dict[int, str]:
        """The states of the versions."""
        _, answer = self.get("/v1/models/m")
        return {int(each["version"]): each["state"] for each in answer["model_version_status"]}


@contextmanager
def running(
    base_path: Path | None, log: Path, *options: str, program: Sequence[str] = REAL, **process: Any
) -> Iterator[Server]:
    """Start a server, of the model m where there is a path, and wait until it answers.

    It is killed at the end if it still runs.
    """
    words = {"--host": "127.0.0.1", "--port": "auto", "--rest-api-port": "auto"}
    if base_path is not None:
        words |= {"--model-name": "m", "--model-base-path": str(base_path)}
        words |= {"--file-system-poll-wait-seconds": "0.05"}
    words |= dict(option.split("=", 1) for option in options)
    command = [sys.executable, *program, *(f"{name}={value}" for name, value in words.items())]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with log.open("wb") as file:
        started = subprocess.Popen(command, stderr=file, env=environment, **{"cwd": REPOSITORY, **process})
    with started:
        try:
            rpc_port, rest_port = _ports(started, log)
            yield Server(process=started, log=log, rpc_port=rpc_port, rest_port=rest_port)
        finally:
            started.kill()


def _ports(process: subprocess.Popen[bytes], log: Path) -> tuple[int, int]:
    def found() -> re.Match[str] | None:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        return _READY.search(log.read_text(encoding="utf-8"))

    until(lambda: found() is not None)
    ports = found()
    assert ports is not None
    return int(ports[1]), int(ports[2])


def until(happened: Callable[[], bool], within_s: float = 60) -> None:
    """Wait for something to happen."""
    deadline, pause_s = time.monotonic() + within_s, 0.005
    while not happened():
        assert time.monotonic() < deadline, "It did not happen."
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.05)  # who waits for long takes no time from what it waits for


def publish(base_path: Path, version: int, change: Callable[[Path], object] = lambda _: None) -> None:
    """Rename a copy of the ready model into place, after a change."""
    copy = base_path.parent / f"next-{version}"
    # A copy of the package's own files, made once: what a test does to a version must not reach them.
    original = base_path.parent / "original"
    if not original.is_dir():
        shutil.copytree(ready_model() / "1", original)
    shutil.copytree(original, copy, copy_function=os.link)
    change(copy)
    copy.rename(base_path / str(version))


class Rest:
    """A connection to the REST port, for one thread."""

    def __init__(self, server: Server, timeout_s: float = 30) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=timeout_s)

    def __enter__(self) -> Rest:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        self._connection.request(method, path, body, dict(headers or {}))
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def sleep(self, seconds: float) -> tuple[int, Any]:
        """Ask the slow model."""
        body = json.dumps({"instances": [seconds]}).encode()
        return self.send("POST", "/v1/models/m:predict", body)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one request; a status of 200 or OK is an answer."""

    began: float
    seconds: float
    status: int | str
    version: int | None = None


Client: TypeAlias = Callable[[Server, int], Generator[Result, None, None]]


def rest_client(server: Server, number: int) -> Generator[Result, None, None]:
    """Sends one raw JPEG after the other over one connection."""
    with Rest(server) as client:
        for turn in count():
            headers = {"content-type": "image/jpeg", "x-request-id": f"{number}-{turn}"}
            began = time.monotonic()
            status, _ = client.send("POST", "/v1/models/m:predict", PHOTO, headers)
            yield Result(began, time.monotonic() - began, status)


def tensor_client(server: Server, number: int) -> Generator[Result, None, None]:
    """Sends one tensor after the other over gRPC."""
    image = np.full((1, IMAGE_PX, IMAGE_PX, 3), number, np.float32)
    request = predict_request("", image=from_numpy(image, as_content=True))
    with channel(server) as connection:
        call = predict_call(connection)
        while True:
            began = time.monotonic()
            status, version = "OK", None
            try:
                version = call(request, timeout=30).model_spec.version.value
            except grpc.RpcError as error:
                status = error.code().name
            yield Result(began, time.monotonic() - began, status, version)


def channel(server: Server) -> grpc.Channel:
    """A connection of its own to the gRPC port."""
    options = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0))
    return grpc.insecure_channel(f"127.0.0.1:{server.rpc_port}", options)


def predict_call(connection: grpc.Channel) -> Any:
    """The Predict method; it takes a serialized request."""
    method = messages.METHODS[messages.PREDICTION_SERVICE]["Predict"]
    return connection.unary_unary(method.path, response_deserializer=messages.PredictResponse.FromString)


def sleep_request(seconds: float) -> bytes:
    """A Predict request to the slow model."""
    return predict_request("", x=from_numpy(np.array([seconds], np.float32)))


def photo_request(photo: bytes) -> bytes:
    """A Predict request with an encoded photo."""
    return predict_request("image_bytes", image_bytes=from_numpy(np.array([photo], np.object_)))


def predict_request(signature: str, **inputs: messages.TensorProto) -> bytes:
    """A Predict request of the model m, serialized."""
    spec = messages.ModelSpec(name="m", signature_name=signature)
    return messages.PredictRequest(model_spec=spec, inputs=inputs).SerializeToString()


@dataclass
class Load:
    """What came of the requests, by client, and how many clients could not go on."""

    results: list[list[Result]] = field(default_factory=list)
    broken: list[Exception] = field(default_factory=list)

    @property
    def all(self) -> list[Result]:
        return [result for results in self.results for result in results]

    @property
    def failed(self) -> list[Result | Exception]:
        return [result for result in self.all if result.status not in {200, "OK"}] + self.broken

    def go_on(self, times: int = 2) -> None:
        """Wait until every client has sent this many requests more, and they were answered."""
        before = [len(results) for results in self.results]

        def gone_on() -> bool:
            assert not self.broken
            # One more: that which was under way.
            return all(len(now) > then + times for then, now in zip(before, self.results, strict=True))

        until(gone_on)


@contextmanager
def load(server: Server, *clients: Client) -> Iterator[Load]:
    """Have clients ask, each on a thread, as fast as they are answered; at the end all have stopped."""
    found, stopped = Load(results=[[] for _ in clients]), threading.Event()

    def ask(client: Client, number: int) -> None:
        try:
            with closing(client(server, number)) as results:
                for result in results:
                    found.results[number].append(result)
                    if stopped.is_set():
                        return
        except Exception as error:
            found.broken.append(error)

    threads = [
        threading.Thread(target=ask, args=(client, number), daemon=True)
        for number, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        until(lambda: all(found.results) or bool(found.broken))
        yield found
    finally:
        stopped.set()
        for thread in threads:
            thread.join(30)


@contextmanager
def connected(server: Server) -> Iterator[socket.socket]:
    """A bare connection to the REST port."""
    with socket.create_connection(("127.0.0.1", server.rest_port), timeout=10) as connection:
        yield connection


def received(connection: socket.socket, within_s: float) -> bytes:
    """What the server sends until it ends a connection, which it must do in time."""
    connection.settimeout(within_s)
    chunks = []
    with suppress(ConnectionError):
        while chunk := connection.recv(65536):
            chunks.append(chunk)
    return b"".join(chunks)
