from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kuzov import api
from kuzov.cli.main import main

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


Kuzov = Callable[..., Done]


@pytest.fixture
def kuzov(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Kuzov:
    """Runs `kuzov WORD…` in this process, in a folder of its own, as the interpreter would end it."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["kuzov", *map(str, words)])
        capsys.readouterr()
        status = 0
        try:
            copy_context().run(main)  # a language that it was asked for is its own
        except SystemExit as stop:
            if isinstance(stop.code, str):
                print(stop.code, file=sys.stderr)  # noqa: T201
            status = 1 if isinstance(stop.code, str) else stop.code or 0
        return Done(status, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def model(trained: TrainResult) -> Path:
    """The folder of the drawn cars' versions."""
    return trained.bundle.parent


Steps = Iterable[tuple[str, int, int]]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[Any, ...]]]:
    """Has a function of `kuzov.api` tell of its steps and return; gives what it is called with."""

    def answer(name: str, result: object, steps: Steps = ()) -> list[tuple[Any, ...]]:
        calls = []

        def call(*words: object, progress: Callable[..., None]) -> object:
            calls.append(words)
            for step in steps:
                progress(*step)
            return result

        monkeypatch.setattr(api, name, call)
        return calls

    return answer
