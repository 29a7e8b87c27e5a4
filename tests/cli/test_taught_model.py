from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from kuzov.bundle.layout import versions
from kuzov.bundle.ready import ready_model
from kuzov.cli.taught_model import taught_model
from kuzov.errors import KuzovError
from kuzov.serve.repository.config import ModelConfig
from kuzov.words import Words
from tests.errors import raises

DEFAULT = Path("models/img_classifier")


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_model_it_begins_as_a_copy_of_the_one_that_comes_with_kuzov(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert taught_model("cars", None) == ModelConfig(name="cars", base_path=DEFAULT, awaited=True)
    assert versions(DEFAULT) == [1]
    copied = (DEFAULT / "1" / "saved_model.pb").read_bytes()
    assert copied == (ready_model() / "1" / "saved_model.pb").read_bytes()
    assert [each.name for each in DEFAULT.iterdir()] == ["1"]
    assert "it begins as a copy of the one that comes with kuzov" in capsys.readouterr().err


def test_the_users_own_model_is_left_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(ready_model() / "1", DEFAULT / "7", copy_function=os.link)
    assert not taught_model("cars", None).awaited
    assert versions(DEFAULT) == [7]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("is_there", [False, True])
def test_a_named_folder_may_be_empty_or_missing(is_there: bool, capsys: pytest.CaptureFixture[str]) -> None:
    if is_there:
        Path("mine").mkdir()
    assert taught_model("cars", Path("mine")).awaited
    assert list(Path("mine").iterdir()) == []
    assert "open the page, and teach it a first car" in capsys.readouterr().err


def test_a_versions_own_folder_is_no_empty_model_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert not taught_model("cars", ready_model() / "1").awaited
    assert capsys.readouterr().err == ""


def test_a_file_in_its_place_is_told(empty_folder: Path) -> None:
    (empty_folder / "mine").touch()
    told = Words(
        "The model folder mine can't be made: File exists.",
        "Папку модели mine не создать: такой файл уже есть.",
    )
    with raises(KuzovError, told):
        taught_model("cars", Path("mine"))
