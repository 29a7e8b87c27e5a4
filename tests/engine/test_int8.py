from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino
import pytest

from kuzov.bundle.layout import OPENVINO_INT8_MODEL, newest
from kuzov.bundle.ready import ready_model
from kuzov.cars import detector
from kuzov.compiled import read_model
from kuzov.engine import int8 as module
from kuzov.engine.int8 import int8_is_slower
from kuzov.network import NetworkSettings
from recipes.quantise import MOST_OF_A_PAIR, largest_pairs
from tests.folders import close


class Slow:
    """A network whose calls take a number of ticks of `Clock`, by its precision."""

    def __init__(self, ticks: int, clock: Clock) -> None:
        self._ticks, self._clock = ticks, clock

    def __call__(self, inputs: Mapping[str, Any]) -> None:
        assert inputs["image"].dtype == np.float32
        self._clock.now += self._ticks


class Clock:
    now = 0

    def perf_counter(self) -> int:
        return self.now


@pytest.fixture(autouse=True)
def measured_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KUZOV_CACHE", str(tmp_path))
    module._is_slower.cache_clear()
    yield
    module._is_slower.cache_clear()


@pytest.fixture
def compiled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The precisions that are compiled, of networks that take so many ticks a call."""
    ticks: Mapping[str, int] = request.param
    clock, precisions = Clock(), list[str]()

    def compile_(_model: object, settings: NetworkSettings) -> Slow:
        precisions.append(settings.precision)
        return Slow(ticks[settings.precision], clock)

    monkeypatch.setattr(module, "Network", compile_)
    monkeypatch.setattr(module, "time", clock)
    return precisions


@pytest.mark.parametrize(
    ("compiled", "slower"),
    [({"int8": 1, "f32": 2}, False), ({"int8": 6, "f32": 5}, False), ({"int8": 7, "f32": 5}, True)],
    indirect=["compiled"],
)
def test_the_slower_one_is_told_and_measured_once(compiled: list[str], slower: bool) -> None:
    assert [int8_is_slower(), int8_is_slower()] == [slower, slower]
    assert compiled == ["f32", "int8"]


def test_threads_that_ask_at_once_measure_once(monkeypatch: pytest.MonkeyPatch) -> None:
    both_ask, measured = Barrier(2), list[None]()

    def measure() -> bool:
        measured.append(None)
        with suppress(BrokenBarrierError):  # one waits in vain for the other
            both_ask.wait(timeout=0.2)
        return True

    monkeypatch.setattr(module, "_measure", measure)
    with ThreadPoolExecutor(2) as pool:
        assert all(pool.map(lambda _: int8_is_slower(), range(2)))
    assert len(measured) == 1


@pytest.mark.parametrize(
    ("compiled", "times"),
    [({"int8": 1, "f32": 2}, 1), ({"int8": 2, "f32": 1}, 3)],
    indirect=["compiled"],
)
def test_other_processes_know_a_processor_that_is_not_slower(compiled: list[str], times: int) -> None:
    for _ in range(3):
        int8_is_slower()
        module._is_slower.cache_clear()
    assert compiled.count("int8") == times


@pytest.mark.parametrize("compiled", [{"int8": 1, "f32": 2}], indirect=True)
def test_a_cache_that_can_not_be_entered_is_done_without(
    compiled: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close(tmp_path / "compiled", monkeypatch)
    assert not int8_is_slower()
    assert compiled == ["f32", "int8"]


def test_what_openvino_refuses_is_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_model: object, settings: NetworkSettings) -> object:
        if settings.precision == "int8":
            raise RuntimeError("No kernel.")
        return object()

    monkeypatch.setattr(module, "Network", refuse)
    assert int8_is_slower()


def test_the_networks_differ_in_nothing_but_what_is_rounded() -> None:
    rounded, plain = (
        [node.get_type_name() for node in module._blocks(precision).get_ordered_ops()]
        for precision in ("int8", "f32")
    )
    assert rounded.count("FakeQuantize") == 4 * module.BLOCKS
    assert "FakeQuantize" not in plain
    assert rounded.count("GroupConvolution") == plain.count("GroupConvolution") == module.BLOCKS
    assert isinstance(int8_is_slower(), bool)


@pytest.mark.parametrize("file", [detector.NETWORK, newest(ready_model()) / OPENVINO_INT8_MODEL])
def test_no_shipped_kernel_overflows_a_processor_without_vnni(file: Path) -> None:
    kernels = [
        kernel_of(node) for node in read_model(file).get_ops() if node.get_type_name() == "Convolution"
    ]
    assert len(kernels) > 30
    assert max(largest_pairs(kernel).max() for kernel in kernels) <= MOST_OF_A_PAIR


def kernel_of(convolution: openvino.Node) -> npt.NDArray[np.int8]:
    """Its whole numbers, which a scale follows."""
    node = convolution.input_value(1).get_node()
    while node.get_type_name() != "Constant":
        node = node.input_value(0).get_node()
    kernel: npt.NDArray[np.int8] = node.get_data()
    assert kernel.dtype == np.int8
    return kernel
