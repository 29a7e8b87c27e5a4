from __future__ import annotations

import io

import pytest

from kuzov.cli.progress import progress_bars
from kuzov.words import Words


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_a_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bars({"embed": Words("Embedding photos", "Признаки")}) as progress:
        progress("embed", 0, 7)
        progress("embed", 7, 7)
    assert "Embedding photos" in terminal.getvalue()
    assert "7/7" in terminal.getvalue()


def test_a_pipe_gets_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars({"embed": Words("Embedding photos", "Признаки")}) as progress:
        progress("embed", 7, 7)
    assert capsys.readouterr().err.strip() == ""
