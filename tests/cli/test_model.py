from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.bundle.ready import USERS_MODEL, ready_model
from kuzov.cli.model import model_or_default

SAID = (
    "There is no models/img_classifier, so the recogniser that comes with kuzov answers; it knows BMW X5 "
    "(E70), Toyota Land Cruiser 100, Nissan Qashqai (J11), Hyundai Solaris (2017–), VAZ-2110. Train your "
    "own: kuzov train PHOTOS\n"
)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_ready_model_introduces_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert model_or_default(None) == ready_model()
    assert capsys.readouterr() == ("", SAID)


@pytest.mark.parametrize("named", [Path("none"), USERS_MODEL, ready_model()])
def test_a_named_folder_is_taken_as_it_is(named: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert model_or_default(named) == named
    assert capsys.readouterr() == ("", "")


def test_the_users_folder_is_taken_even_if_empty(capsys: pytest.CaptureFixture[str]) -> None:
    USERS_MODEL.mkdir(parents=True)
    assert model_or_default(None) == USERS_MODEL
    assert capsys.readouterr() == ("", "")
