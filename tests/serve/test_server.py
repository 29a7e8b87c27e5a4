from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from kuzov.errors import BundleError, KuzovError
from kuzov.serve.server import ServeSettings, serve

# A server whose model takes a second for an answer, and says on stdout when it has begun.
SLOW_SERVER = """
import logging, sys, time
from pathlib import Path
import numpy as np
from kuzov.records import Signature, TensorSpec
from kuzov.serve.server import ServeSettings, serve

class SlowEngine:
    name = "slow"
    spec = TensorSpec(dtype="DT_FLOAT", shape=(-1,), name="x:0")
    signatures = {"serving_default": Signature(inputs={"x": spec}, outputs={"x": spec}, method_name="")}
    def run(self, signature, inputs):
        print("under way", flush=True)
        time.sleep(float(inputs["x"][0]))
        return dict(inputs)

logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.INFO)
settings = ServeSettings(model_name="m", model_base_path=Path(sys.argv[1]), rest_api_port=0)
serve(settings, load_engine=lambda _: SlowEngine())
"""


@pytest.fixture
def server(base_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", SLOW_SERVER, str(base_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        yield process
        process.kill()


def lines(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


def url_of(process: subprocess.Popen[str]) -> str:
    for line in lines(process):
        if line.startswith("Exporting HTTP/REST API at:"):
            address = line.removeprefix("Exporting HTTP/REST API at:").removesuffix(" ...\n")
            return f"http://{address}/v1/models/m"
    raise AssertionError("The server ended before it was ready.")


def ask_in_background(url: str, seconds: float) -> tuple[threading.Thread, list[object]]:
    answers: list[object] = []

    def ask() -> None:
        body = json.dumps({"inputs": [seconds]}).encode()
        try:
            with urllib.request.urlopen(f"{url}:predict", body, timeout=10) as response:
                answers.append(json.load(response))
        except (urllib.error.URLError, ConnectionError) as error:
            answers.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, answers


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_request_under_way_finish(
    server: subprocess.Popen[str], number: signal.Signals
) -> None:
    thread, answers = ask_in_background(url_of(server), 0.5)
    assert lines(server).readline() == "under way\n"
    server.send_signal(number)
    thread.join()
    assert answers == [{"outputs": [0.5]}]
    assert server.wait(timeout=10) == 0


def test_a_second_signal_ends_the_server_at_once(server: subprocess.Popen[str]) -> None:
    thread, answers = ask_in_background(url_of(server), 8)
    assert lines(server).readline() == "under way\n"
    start = time.monotonic()
    server.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=10) == -signal.SIGTERM
    thread.join()
    assert time.monotonic() - start < 5
    assert isinstance(answers[0], Exception)


def test_a_port_in_use_is_told(base_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = ServeSettings(model_base_path=base_path, rest_api_port=port)
        with pytest.raises(KuzovError) as caught:
            serve(settings)
    assert str(caught.value) == (
        f"Can't listen on 127.0.0.1, port {port}: Address already in use. "
        "Stop the program that uses the port, or choose another with --rest-api-port."
    )


def test_an_unknown_host_is_told(base_path: Path) -> None:
    with pytest.raises(KuzovError, match=r"Can't listen on not a host: .*\. Check --host\."):
        serve(ServeSettings(model_base_path=base_path, host="not a host", rest_api_port=0))


def test_a_missing_base_path_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="There is no model folder"):
        serve(ServeSettings(model_base_path=tmp_path / "none", rest_api_port=0))
