from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from kuzov.bundle.ready import ready_model
from kuzov.cli import classify
from kuzov.progress import Progress
from tests.cli.conftest import Kuzov


def test_what_was_done_is_told(kuzov: Kuzov, synthetic_photos: Path, tmp_path: Path) -> None:
    photos = synthetic_photos / "test"
    done = kuzov("classify", photos, "--out", "r.jsonl", "--model", ready_model())
    assert (done.status, done.err) == (0, "")
    assert re.fullmatch(r"3 photos classified in 0:\d\d, \d+ a second\.\n", done.out)
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 3
    done = kuzov("classify", photos, "--out", "r.jsonl", "--model", ready_model())
    assert (done.status, done.out, done.err) == (0, "Nothing to do: r.jsonl holds all: 3 photos.\n", "")
    done = kuzov("classify", photos, "--out", "r.jsonl", "--model", ready_model(), "--json", "--restart")
    found = json.loads(done.out)
    assert (found["listed"], found["classified"], found["failed"]) == (3, 3, 0)


def test_what_is_new_left_out_unreadable_and_tried_again(
    kuzov: Kuzov, synthetic_photos: Path, tmp_path: Path
) -> None:
    words = ("classify", tmp_path / "photos", "--out", "r.jsonl", "--model", ready_model())
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    (tmp_path / "photos" / "a.mov").touch()
    (tmp_path / "photos" / "Makefile").touch()
    done = kuzov(*words)
    assert done.status == 0
    assert done.err == "Left out 2 files that are no photos by the endings of their names: .mov, none.\n"
    assert done.out.endswith(
        " a second; 1 could not be read, their rows say why; --retry-failed tries again.\n"
    )
    (tmp_path / "photos" / "b.jpg").touch()
    assert kuzov(*words).out.endswith("\nr.jsonl held 1 already.\n")
    shutil.copy(next((synthetic_photos / "test").iterdir()), tmp_path / "photos" / "a.jpg")
    (tmp_path / "photos" / "b.jpg").unlink()
    assert kuzov(*words).out == "Nothing to do: r.jsonl holds all: 1 photo.\n"
    assert kuzov(*words, "--retry-failed").out.startswith("1 photo classified in ")
    rows = map(json.loads, (tmp_path / "r.jsonl").read_text().splitlines())
    assert [row["error"] is None for row in rows if row["photo"].endswith("a.jpg")] == [True]


def test_the_same_in_russian(
    kuzov: Kuzov, synthetic_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classify, "TELL_EVERY_S", 0.0)
    words = ["classify", "photos", "--out", "r.jsonl", "--language", "ru", "--model"]
    shutil.copytree(synthetic_photos / "test", tmp_path / "photos")
    for name in ("a.jpg", "a.mov", "Makefile"):
        (tmp_path / "photos" / name).touch()
    done = kuzov(*words, ready_model())
    *steps, left_out = done.err.splitlines()
    assert len(steps) == 4
    assert re.fullmatch(r"1 из 4 фото, \d+ в секунду, осталось 0:\d\d", steps[0])
    assert left_out == "Не взяты 2 файла, судя по окончаниям имён, не фотографии: .mov, без окончания."
    assert re.fullmatch(
        r"Обработано 4 фото за 0:\d\d, по \d+ в секунду; не прочитано 1, почему — сказано в их строках; "
        r"--retry-failed попробует снова\.\n",
        done.out,
    )
    (tmp_path / "photos" / "b.jpg").touch()
    assert kuzov(*words, ready_model()).out.endswith(".\nВ r.jsonl уже было 4.\n")
    assert kuzov(*words, ready_model()).out == "Делать нечего, в r.jsonl уже есть всё: 5 фото.\n"


def test_lines_where_there_is_no_terminal(
    kuzov: Kuzov, synthetic_photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classify, "TELL_EVERY_S", 0.0)
    done = kuzov("classify", synthetic_photos / "test", "--out", "r.jsonl", "--model", ready_model())
    lines = done.err.splitlines()
    assert len(lines) == 3
    assert re.fullmatch(r"1 of 3 photos, \d+ a second, 0:\d\d left", lines[0])


def test_a_bar_where_there_is_one(synthetic_photos: Path, tmp_path: Path) -> None:
    words = f"{synthetic_photos}/test --out {tmp_path}/r.jsonl --model {ready_model()}".split()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "120", "TERM": "xterm"}
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "kuzov", "classify", *words],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=environment,
    ) as process:
        os.close(theirs)
        shown = b""
        while process.poll() is None:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # the other side is closed
                break
    os.close(ours)
    assert process.returncode == 0
    assert re.search(rb"\[#+\]  3/3  100%  \d+ a second, 0:00 left", shown)


@pytest.mark.parametrize(
    ("number", "status", "told"), [(signal.SIGINT, 1, "\nStopped.\n"), (signal.SIGTERM, 143, "Stopped.\n")]
)
def test_an_interrupt_that_other_code_drops(
    kuzov: Kuzov, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, status: int, told: str
) -> None:
    def drop_it(*_: object, progress: Progress, **__: object) -> None:
        progress("classify", 0, 9)
        with suppress(KeyboardInterrupt, SystemExit):
            signal.raise_signal(number)
        progress("classify", 7, 9)
        raise AssertionError("it goes on")

    before = signal.getsignal(number)
    monkeypatch.setattr("kuzov.api.classify", drop_it)
    done = kuzov("classify", "photos", "--out", "r.jsonl", "--model", ready_model())
    assert (done.status, done.out) == (status, "")
    assert done.err == f"Done: 7 photos; the same command goes on.\n{told}"
    assert signal.getsignal(number) == before
