from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import click
import pytest
from PIL import Image

from kuzov import __version__, api
from kuzov.bundle.ready import ready_model
from kuzov.cli import main as module
from kuzov.cli.main import COMMANDS
from tests.cli.conftest import Kuzov

Run = Callable[..., subprocess.CompletedProcess[str]]

NO_MODEL = "There is no model folder none. Train one: kuzov train"


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


def test_openvino_is_imported_without_its_converter(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    Image.new("RGB", (64, 64)).save(photo)
    command = [sys.executable, "-X", "importtime", "-m", "kuzov", "predict", str(photo)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "openvino._pyopenvino" in imported
    assert "openvino.tools.ovc.convert" not in imported


def test_the_version(run_kuzov: Run) -> None:
    done = run_kuzov("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"kuzov {__version__}\n", "")


@pytest.mark.parametrize(
    "words",
    ["tarin", "--colour", "predict", "predict a --language de", "train", "train a b", "train a --seed -1",
     "classify photos", "compare", "compare photos", "compare photos more --model a", "evaluate",
     "evaluate photos more", "explain a", "explain a --out a.png --method guess", "deploy nowhere"],
)  # fmt: skip
def test_wrong_use_is_two(kuzov: Kuzov, words: str) -> None:
    done = kuzov(*words.split())
    assert (done.status, done.out) == (2, "")
    assert "Error: " in done.err


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("trian", "train"),
        ("TRAIN", "train"),
        ("predic", "predict"),
        ("evalute", "evaluate"),
    ],
)
def test_a_slip_of_the_pen_is_told_with_the_nearest_command(kuzov: Kuzov, word: str, near: str) -> None:
    done = kuzov(word, "photos")
    assert (done.status, done.out) == (2, "")
    assert f"Error: There is no command {word}. Did you mean {near}?" in done.err


@pytest.mark.parametrize("words", ["", "deploy"])
def test_no_command_shows_the_help(kuzov: Kuzov, words: str) -> None:
    done = kuzov(*words.split())
    assert done.status == 2
    assert "Usage: " in done.out + done.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("predict a.jpg --model none", NO_MODEL),
        ("evaluate photos --model none", NO_MODEL),
        ("compare photos --model none --model none", NO_MODEL),
        ("deploy docker --model none", NO_MODEL),
        ("serve --model-base-path none", NO_MODEL),
        ("train none", "There is no folder none; give one with a subfolder of photos a model."),
        ("train none --set sead=1", "There is no setting sead. Did you mean seed?"),
        ("doctor none", "There is no folder none; give one with a subfolder of photos a model."),
        ("classify none --out r.jsonl", "There is no none; give a folder, a pattern or a list."),
        ("predict a.jpg --url 127.0.0.1", "'127.0.0.1' is not the address of a model. Give one like http://"),
    ],
)
def test_any_other_failure_is_one_and_one_sentence(
    kuzov: Kuzov, words: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kuzov.serve.monitoring.log.configure_logging", lambda _: None)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "img_classifier").symlink_to(ready_model())
    done = kuzov(*words.split())
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"Error: {sentence}")
    assert done.err.count("\n") == 1
    assert [each.name for each in tmp_path.iterdir()] == ["models"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="There is no /dev/full.")
@pytest.mark.parametrize(
    "printed",
    ["print('found', flush=True)", "print('found')", "print('found'); sys.exit(1)", "print('f' * 100_000)"],
)
def test_an_output_that_is_full_is_told(printed: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = command_that(printed, stdout=full)
    assert done.returncode == 1
    assert done.stderr == "Error: What was found can't be written: No space left on device.\n"


@pytest.mark.parametrize("printed", ["print('found', flush=True)", "print('found')"])
def test_whoever_reads_no_more_is_told_nothing(printed: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = command_that(printed, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("failure", [KeyboardInterrupt, click.Abort])
def test_ctrl_c_is_told(kuzov: Kuzov, monkeypatch: pytest.MonkeyPatch, failure: type[BaseException]) -> None:
    def stop(**_: object) -> None:
        raise failure

    monkeypatch.setattr(module.kuzov, "main", stop)
    assert (done := kuzov()).status == 1
    assert done.err == "Stopped.\n"


@pytest.mark.parametrize(("language", "told"), [("en", "Stopped.\n"), ("ru", "Остановлено.\n")])
def test_sigterm_undoes_what_was_begun(
    kuzov: Kuzov, monkeypatch: pytest.MonkeyPatch, language: str, told: str
) -> None:
    undone = []

    def train(*_: object, **__: object) -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            undone.append(True)

    monkeypatch.setattr(api, "train", train)
    before = signal.getsignal(signal.SIGTERM)
    done = kuzov("train", "cars", "--language", language)
    assert (done.status, done.err, undone) == (143, told, [True])
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_server_ends_in_its_own_way(kuzov: Kuzov, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    monkeypatch.setattr("kuzov.serve.monitoring.log.configure_logging", lambda _: None)
    monkeypatch.setattr(
        "kuzov.serve.server.serve", lambda *_, **__: found.append(signal.getsignal(signal.SIGTERM))
    )
    before = signal.getsignal(signal.SIGTERM)
    assert kuzov("serve", "--model_base_path", ready_model()).status == 0
    assert found == [before]


def command_that(does: str, stdout: IO[str] | int) -> subprocess.CompletedProcess[str]:
    """A process of `kuzov` whose command does something else."""
    code = (
        "import sys; from kuzov.cli import main; sys.argv[1:] = ['predict', 'a.jpg']; "
        f"main.import_module = lambda _: exec({does!r}) or sys.exit(); main.main()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", code],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=environment,
    )


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
