"""Names of files that would end a line, or colour the terminal."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from PIL import Image

from kuzov.cli import main as module
from tests.cli.conftest import Kuzov

STRANGE = "a\nb\r\x1b[31m.jpg"
TOLD = r"a\nb\r\x1b[31m.jpg"


@pytest.fixture
def cars(tmp_path: Path) -> Path:
    """Two classes; in one a file of a strange name that is no photo."""
    for label in ("niva", "uaz"):
        (tmp_path / "cars" / label).mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (64, 64), (90 * number, 0, 0)).save(tmp_path / "cars" / label / f"{number}.png")
    (tmp_path / "cars" / "niva" / STRANGE).touch()
    return tmp_path / "cars"


def test_an_answer_is_one_line(kuzov: Kuzov, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / STRANGE)
    done = kuzov("predict", STRANGE)
    (line,) = done.out.splitlines()
    assert line.startswith(f"{TOLD}: ")


def test_an_error_is_one_line(kuzov: Kuzov, cars: Path) -> None:
    done = kuzov("predict", cars / "niva" / STRANGE)
    assert done.err.splitlines()[-1].startswith(f"Error: {cars}/niva/{TOLD}: is empty")
    done = kuzov("train", cars, "--strict")
    assert done.err.splitlines()[-1].startswith("Error: ")
    assert f"{cars}/niva/{TOLD}: is empty" in done.err.splitlines()[-1]


def test_the_doctor_tells_a_name_as_it_can_be_shown(
    kuzov: Kuzov, cars: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    done = kuzov("doctor", cars)
    assert f"niva/{TOLD}" in done.out
    assert "\x1b" not in done.out


def test_a_line_of_the_log_stays_one() -> None:
    log = module._ShownFormatter("%(levelname)s %(message)s")
    record = logging.LogRecord("kuzov", logging.WARNING, "", 0, "%s: lacks its end.", (STRANGE,), None)
    assert log.format(record) == f"WARNING {TOLD}: lacks its end."
