from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

from kuzov.compiled import compile_network
from kuzov.errors import ErrorCode, RequestError
from kuzov.network import Network, NetworkSettings, bfloat16_available, own_words

F32 = NetworkSettings(precision="f32")


def doubling(*shape: int) -> openvino.Model:
    """`twice` = 2 · `x`."""
    x = ops.parameter(shape, np.float32, name="x")
    x.output(0).set_names({"x"})
    twice = ops.multiply(x, np.float32(2))
    twice.output(0).set_names({"twice"})
    return openvino.Model([twice], [x])


def test_outputs_are_named() -> None:
    network = Network(doubling(-1, 2), F32)
    assert (network.precision, network.inputs, network.outputs) == ("f32", [{"x"}], [{"twice"}])
    assert network({"x": np.array([[1, 2], [3, 4]], np.float32)})["twice"].tolist() == [[2, 4], [6, 8]]


@pytest.mark.parametrize("rows_apart", [True, False])
def test_outputs_are_the_callers_own(rows_apart: bool) -> None:
    network = Network(doubling(-1, 2), replace(F32, rows_apart=rows_apart))
    first = network({"x": np.ones((1, 2), np.float32)})["twice"]
    network({"x": np.zeros((1, 2), np.float32)})
    assert first.tolist() == [[2, 2]]


@pytest.mark.parametrize("precision", ["f32", "int8"])
@pytest.mark.parametrize("fails", [False, True])
def test_calls_that_are_alone_get_a_network_of_their_own_once_it_is_there(
    precision: str, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def compile_(
        source: openvino.Model, options: dict[str, object], *, one_row: bool
    ) -> openvino.CompiledModel:
        asked.append(options["NUM_STREAMS"])
        if fails and options["NUM_STREAMS"] == 1:
            raise RuntimeError("Its file is gone.")
        return compile_network(source, options, one_row=one_row)

    monkeypatch.setattr("kuzov.network.compile_network", compile_)
    network = Network(doubling(-1, 2), NetworkSettings(precision=precision, streams=2))
    for _ in range(2):
        assert network({"x": np.ones((1, 2), np.float32)})["twice"].tolist() == [[2, 2]]
        for thread in threading.enumerate():
            if thread.name == "lone-network":
                thread.join()
    assert asked == [2, 1]


def test_no_daemon_compiles_and_so_the_end_of_a_process_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that comes back from OpenVINO while the interpreter ends aborts the process."""
    daemons = {}
    compiled = threading.Event()

    def compile_(*source: openvino.Model, **options: Any) -> openvino.CompiledModel:
        thread = threading.current_thread()
        daemons[thread.name] = thread.daemon
        if thread.name == "lone-network":
            compiled.set()
        return compile_network(*source, **options)

    monkeypatch.setattr("kuzov.network.compile_network", compile_)
    two_streams = replace(F32, streams=2)
    threading.Thread(target=Network, args=(doubling(-1, 2), two_streams), name="load", daemon=True).start()
    assert compiled.wait(60)
    assert daemons == {"load": True, "lone-network": False}


def test_a_shape_that_does_not_fit_is_told_in_one_line() -> None:
    network = Network(doubling(-1, 2), F32)
    with pytest.raises(RequestError) as caught:
        network({"x": np.zeros((1, 3), np.float32)})
    assert caught.value.code == ErrorCode.INVALID
    assert str(caught.value).startswith("The model refuses these inputs: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("threads", "streams"), [(1, 1), (2, 2)])
@pytest.mark.parametrize("rows_apart", [True, False])
def test_threads_and_streams_leave_the_answers_alone(threads: int, streams: int, rows_apart: bool) -> None:
    settings = replace(F32, threads=threads, streams=streams, rows_apart=rows_apart)
    network = Network(doubling(-1, 2), settings)
    wrong = []

    def ask(value: float) -> None:
        for _ in range(20):
            found = network({"x": np.full((1, 2), value, np.float32)})["twice"]
            if found.tolist() != [[2 * value, 2 * value]]:
                wrong.append(found)

    askers = [threading.Thread(target=ask, args=(float(number),)) for number in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert wrong == []


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_rows_that_are_known_to_stay_apart_are_computed_one_by_one(rows: int) -> None:
    network = Network(doubling(-1, 2), replace(F32, streams=2, rows_apart=True))
    x = np.arange(rows * 2, dtype=np.float32).reshape(rows, 2)
    assert network({"x": x})["twice"].tolist() == (2 * x).tolist()


def test_bfloat16_where_there_is_bfloat16() -> None:
    network = Network(doubling(-1, 2), NetworkSettings(precision="bf16"))
    assert network.precision == ("bf16" if bfloat16_available() else "f32")


def test_a_quantised_network_says_so() -> None:
    assert Network(doubling(-1, 2), NetworkSettings(precision="int8")).precision == "int8"


def test_first_calls_that_come_together_do_not_wait_for_each_other() -> None:
    code = (
        "import sys, threading; sys.setswitchinterval(1e-6)\n"
        "from tests.test_network import F32, Network, doubling, np\n"
        "network, ready = Network(doubling(-1, 2), F32), []\n"
        "rows = Network(doubling(-1, 2), F32.__class__(precision='f32', rows_apart=True))\n"
        "def ask():\n"
        "    while not ready: pass\n"
        "    rows({'x': np.ones((1, 2), np.float32)})\n"
        "threads = [threading.Thread(target=ask) for _ in range(8)]\n"
        "[thread.start() for thread in threads]; ready.append(True)\n"
    )
    _run(code)


def test_a_signal_is_obeyed_after_networks_came_and_went() -> None:
    code = (
        "import signal\n"
        "from tests.test_network import F32, Network, doubling\n"
        "networks = [Network(doubling(-1, 2), F32) for _ in range(3)]\n"
        "while networks: del networks[0]\n"
        "signal.signal(signal.SIGTERM, lambda *_: print('obeyed'))\n"
        "signal.raise_signal(signal.SIGTERM)\n"
    )
    assert _run(code) == "obeyed\n"


def test_openvinos_words_without_its_source_files() -> None:
    told = "Exception from src/core.cpp:1:\nCheck 'a == b' failed at src/node.cpp:2:\nThe shapes differ.\n\n"
    assert own_words(RuntimeError(told)) == "The shapes differ."
    assert own_words(RuntimeError("Exception from src/core.cpp:1:")) == "Exception from src/core.cpp:1:"


def _run(code: str) -> str:
    """What a fresh interpreter prints; it has to end well."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=True, timeout=60, env=environment, stdout=subprocess.PIPE, text=True)
    return done.stdout
