"""Models without a runtime: folders that hold an empty saved_model.pb, and engines that know their folder."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kuzov.network import Tensors
from tests.serve.engines import PlainEngine


class FakeEngine(PlainEngine):
    """Answers with the number of the version that it was loaded from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def infer(self, network: str, tensors: Tensors) -> Tensors:
        return {"version": np.array(int(self.folder.name))}


class Engines:
    """Loads fake engines.

    Attributes:
        tries: How often each folder was loaded.
        order: The folders, in the order in which their loading started.
        errors: What loading a folder raises.
        gates: What loading a folder waits for.
        most_at_a_time: How many were loaded at the same time at most.
    """

    def __init__(self) -> None:
        self.tries: Counter[Path] = Counter()
        self.order: list[Path] = []
        self.errors: dict[Path, BaseException] = {}
        self.gates: dict[Path, threading.Event] = {}
        self.most_at_a_time = 0
        self._at_a_time = 0
        self._lock = threading.Lock()

    def __call__(self, folder: Path) -> FakeEngine:
        with self._lock:
            self.tries[folder] += 1
            self.order.append(folder)
            self._at_a_time += 1
            self.most_at_a_time = max(self.most_at_a_time, self._at_a_time)
        try:
            if folder in self.gates:
                assert self.gates[folder].wait(10)
            if folder in self.errors:
                raise self.errors[folder]
            return FakeEngine(folder)
        finally:
            with self._lock:
                self._at_a_time -= 1

    def hold(self, folder: Path) -> threading.Event:
        """Have the loading of a folder wait until the event is set."""
        self.gates[folder] = threading.Event()
        return self.gates[folder]


def put(base: Path, *versions: int | str) -> Path:
    """Put versions under a base path; returns the folder of the last."""
    folder = base
    for version in versions:
        folder = base / str(version)
        folder.mkdir(parents=True)
        (folder / "saved_model.pb").touch()
    return folder


def delete(base: Path, *versions: int) -> None:
    for version in versions:
        shutil.rmtree(base / str(version))


def until(condition: Callable[[], object]) -> None:
    """Wait for what another thread is about to do."""
    give_up = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < give_up, "it never came to pass"
        time.sleep(0.002)
