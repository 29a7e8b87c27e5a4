from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from kuzov.cli.main import main


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
            main()
        except SystemExit as stop:
            if isinstance(stop.code, str):
                print(stop.code, file=sys.stderr)  # noqa: T201
            status = 1 if isinstance(stop.code, str) else stop.code or 0
        return Done(status, *capsys.readouterr())

    return run
