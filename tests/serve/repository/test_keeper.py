from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from kuzov.serve.repository import keeper as module
from kuzov.serve.repository.config import ModelConfig
from kuzov.serve.repository.keeper import Keeper
from kuzov.serve.repository.lifecycle import State, VersionLife
from kuzov.serve.repository.model import Model
from kuzov.serve.repository.servable import Servable
from tests.serve.repository.fakes import FakeEngine, until


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
