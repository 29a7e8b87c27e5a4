from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from kuzov import __version__
from kuzov.cli import main as module
from kuzov.cli.main import COMMANDS
from kuzov.errors import ConfigError

Run = Callable[..., subprocess.CompletedProcess[str]]
Kuzov = Callable[..., Any]


def test_help_names_every_command(run_kuzov: Run) -> None:
    done = run_kuzov("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for name in COMMANDS:
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_explains_itself(kuzov: Kuzov, command: str, option: str) -> None:
    done = kuzov(command, option)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("Usage: ")
    assert f"{command} [OPTIONS]" in done.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_help(command: str) -> None:
    found = module.LazyGroup().get_command(click.Context(module.kuzov), command)
    assert found is not None
    assert found.help
    options = [each for each in found.params if isinstance(each, click.Option)]
    assert [each.name for each in options if not each.help] == []


def test_the_version(run_kuzov: Run) -> None:
    done = run_kuzov("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"kuzov {__version__}\n", "")


@pytest.mark.parametrize(
    "words",
    [["tarin"], ["--colour"], ["predict"], ["train"], ["train", "a", "b"], ["train", "a", "--seed", "-1"],
     ["predict", "a", "--language", "de"]],
    ids=" ".join,
)  # fmt: skip
def test_wrong_use_is_two(kuzov: Kuzov, words: list[str]) -> None:
    done = kuzov(*words)
    assert (done.status, done.out) == (2, "")
    assert "Error: " in done.err


def test_no_command_shows_the_help(kuzov: Kuzov) -> None:
    done = kuzov()
    assert done.status == 2
    assert "Usage: " in done.out + done.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["predict", "a.jpg", "--model", "none"],
            "Error: There is no model folder none. Train one: kuzov train",
        ),
        (["train", "none"], "Error: There is no folder none; give one with a subfolder of photos a model."),
        (
            ["serve", "--model-base-path", "none"],
            "Error: There is no model folder none. Train one: kuzov train",
        ),
        (["train", "none", "--set", "sead=1"], "Error: There is no setting sead. Did you mean seed?"),
    ],
    ids=["predict", "train", "serve", "config"],
)
def test_any_other_failure_is_one_and_one_sentence(run_kuzov: Run, words: list[str], sentence: str) -> None:
    done = run_kuzov(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("failure", [KeyboardInterrupt, click.Abort])
def test_ctrl_c_is_told(kuzov: Kuzov, monkeypatch: pytest.MonkeyPatch, failure: type[BaseException]) -> None:
    def stop(**_: object) -> None:
        raise failure

    monkeypatch.setattr(module.kuzov, "main", stop)
    assert (done := kuzov()).status == 1
    assert done.err == "Stopped.\n"


def test_errors_of_the_library_are_told(kuzov: Kuzov, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise ConfigError("No.")

    monkeypatch.setattr(module.kuzov, "main", fail)
    done = kuzov()
    assert (done.status, done.out, done.err) == (1, "", "Error: No.\n")


def test_sigint_ends_a_command_without_a_traceback(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from kuzov.cli import main; "
        "sys.argv[1:] = ['predict', 'a.jpg']; "
        # A test run in the background inherits an ignored SIGINT.
        "signal.signal(signal.SIGINT, signal.default_int_handler); "
        "main.import_module = lambda _: os.kill(os.getpid(), signal.SIGINT); main.main()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr.strip()) == (1, "Stopped.")
