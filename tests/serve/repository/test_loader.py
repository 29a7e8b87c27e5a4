from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kuzov.serve.repository.config import ModelConfig, RepositorySettings
from kuzov.serve.repository.lifecycle import Failure, VersionLife
from kuzov.serve.repository.loader import Loader
from kuzov.serve.repository.model import Model
from kuzov.serve.repository.servable import Servable
from tests.serve.repository.fakes import Engines, put, until


@pytest.fixture
def engines() -> Iterator[Engines]:
    engines = Engines()
    yield engines
    for gate in engines.gates.values():
        gate.set()


@pytest.fixture
def done() -> list[str]:
    """What was loaded, as model and version."""
    return []


@pytest.fixture
def lock() -> threading.Lock:
    """The owner's lock."""
    return threading.Lock()


@pytest.fixture
def loader(engines: Engines, done: list[str], lock: threading.Lock) -> Loader:
    def note(model: Model, life: VersionLife, outcome: Servable | Failure, seconds: float) -> None:
        with lock:
            model.finish(life, outcome, seconds=seconds, retry_interval_s=0.0)
            done.append(f"{life.model}{life.version}")

    return Loader(engines, lambda *_: None, RepositorySettings(), limit=2, done=note)


def model(base: Path, *versions: int) -> Model:
    put(base, *versions)
    made = Model(ModelConfig(name=base.name, base_path=base))
    made.want({version: base / str(version) for version in versions}, 1)
    return made


def test_each_models_highest_version_comes_first(
    tmp_path: Path, loader: Loader, lock: threading.Lock, engines: Engines, done: list[str]
) -> None:
    models = [model(tmp_path / "a", 1, 2), model(tmp_path / "b", 1)]
    gates = [engines.hold(tmp_path / "a" / "2"), engines.hold(tmp_path / "b" / "1")]
    for _ in range(2):
        with lock:
            loader.start_due(models)
    until(lambda: len(engines.order) == 2)
    assert set(engines.order) == {tmp_path / "a" / "2", tmp_path / "b" / "1"}
    for gate in gates:
        gate.set()
    loader.join(time.monotonic() + 10)
    until(lambda: sorted(done) == ["a2", "b1"])
    with lock:
        loader.start_due(models)
    until(lambda: done[2:] == ["a1"])


def test_a_load_that_hangs_is_left_to_itself(tmp_path: Path, loader: Loader, engines: Engines) -> None:
    engines.hold(tmp_path / "a" / "1")
    loader.start_due([model(tmp_path / "a", 1)])
    loader.join(time.monotonic())
    assert [thread.daemon for thread in threading.enumerate() if thread.name == "kuzov-load-a-1"] == [True]


def test_what_ends_a_thread_fails_its_version(
    tmp_path: Path, loader: Loader, lock: threading.Lock, engines: Engines, done: list[str]
) -> None:
    engines.errors[tmp_path / "a" / "1"] = SystemExit(1)
    broken = model(tmp_path / "a", 1)
    with lock:
        loader.start_due([broken])
    until(lambda: done == ["a1"])
    assert [(each.state, each.error_code) for each in broken.statuses()] == [("END", "INTERNAL")]


def test_without_a_thread_a_version_stays_due(
    tmp_path: Path, loader: Loader, lock: threading.Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    waiting = model(tmp_path / "a", 1)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        for _ in range(3):
            with pytest.raises(RuntimeError, match="can't start new thread"):
                loader.start_due([waiting])
    assert [life.version for life in waiting.due(0.0)] == [1]
    with lock:
        loader.start_due([waiting])
    until(lambda: [status.state for status in waiting.statuses()] == ["AVAILABLE"])
