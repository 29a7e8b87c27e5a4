from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from kuzov.serve.repository import threads as module
from kuzov.serve.repository.config import ModelConfig, RepositorySettings
from kuzov.serve.repository.lifecycle import Failure, State, VersionLife
from kuzov.serve.repository.model import Model
from kuzov.serve.repository.servable import Servable
from kuzov.serve.repository.threads import Keeper, Loader
from tests.serve.repository.fakes import Engines, FakeEngine, put, until


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


class Owner:
    """Notes what a keeper does."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.due_at = math.inf
        self.freed_on: list[threading.Thread] = []

    def poll(self) -> None:
        self.done.append("poll")

    def advance(self) -> float:
        self.done.append("advance")
        if len(self.done) == 1:
            return self.due_at
        return math.inf

    def ended(self, _: Model, life: VersionLife) -> None:
        self.done.append(f"{life.model}{life.version} ended")

    def freed(self) -> None:
        self.done.append("freed")
        self.freed_on.append(threading.current_thread())


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> Owner:
    owner = Owner()
    monkeypatch.setattr(module, "give_back_memory", lambda: owner.done.append("memory"))
    return owner


@pytest.fixture
def keeper(owner: Owner) -> Iterator[Keeper]:
    keeper = Keeper(poll=owner.poll, poll_interval_s=0, advance=owner.advance, ended=owner.ended)
    yield keeper
    keeper.stop(time.monotonic() + 10)


def test_without_an_interval_it_acts_only_when_woken(owner: Owner, keeper: Keeper) -> None:
    keeper.start()
    until(lambda: owner.done == ["advance"])
    keeper.wake()
    until(lambda: owner.done == ["advance", "advance"])


def test_it_acts_when_something_is_due(owner: Owner, keeper: Keeper) -> None:
    owner.due_at = time.monotonic() + 0.01
    keeper.start()
    until(lambda: owner.done == ["advance", "advance"])


def test_an_error_does_not_end_it(
    owner: Owner, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_AFTER_ERROR_S", 0.001)

    def poll() -> None:
        owner.poll()
        raise ZeroDivisionError

    keeper = Keeper(poll=poll, poll_interval_s=0.005, advance=owner.advance, ended=owner.ended)
    keeper.start()
    until(lambda: owner.done.count("poll") > 1)
    keeper.stop(time.monotonic() + 10)
    assert "Unexpected error while looking after the models" in caplog.messages


def test_what_is_let_go_ends_with_its_last_request_on_the_keepers_thread(
    owner: Owner, keeper: Keeper
) -> None:
    model = Model(ModelConfig(name="m", base_path=Path("/models/m")))
    life = VersionLife(model="m", version=1, folder=Path("/models/m/1"), tries_left=1)
    held = Servable(name="m", version=1, engine=FakeEngine(life.folder), card=None)
    weakref.finalize(held.engine, owner.freed)
    life.succeed(held)
    keeper.let_go(model, life)
    keeper.start()
    until(lambda: owner.done == ["advance"])
    assert life.state is State.UNLOADING
    del held
    until(lambda: owner.done == ["advance", "freed", "m1 ended", "memory", "advance"])
    assert owner.freed_on == [keeper._thread]
