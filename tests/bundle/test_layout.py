from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kuzov.bundle import layout
from kuzov.errors import BundleError
from tests.errors import raises
from tests.folders import close


def make(base: Path, *names: str) -> None:
    for name in names:
        (base / name).mkdir(parents=True)
        (base / name / "saved_model.pb").touch()


def test_versions_are_folders_named_by_numbers_with_a_model_inside(tmp_path: Path) -> None:
    make(tmp_path, "10", "9", "007", ".incoming-x", "12a", "-3", "١٢", "²")
    (tmp_path / "11").mkdir()
    (tmp_path / "13").touch()
    assert layout.versions(tmp_path) == [7, 9, 10]
    assert layout.versions(tmp_path / "none") == []
    assert layout.newest(tmp_path) == tmp_path / "10"
    assert layout.version_folder(tmp_path, 7) == tmp_path / "007"


def test_a_folder_without_a_model_does_not_hide_one_of_the_same_number(tmp_path: Path) -> None:
    (tmp_path / "007").mkdir()
    make(tmp_path, "7", "07")
    assert layout.versions(tmp_path) == [7]
    assert layout.version_folder(tmp_path, 7) == layout.newest(tmp_path) == tmp_path / "07"


def test_a_version_that_is_not_there(tmp_path: Path) -> None:
    make(tmp_path, "1")
    for base in (tmp_path, tmp_path / "none"):
        with raises(BundleError, f"There is no version 2 in {base}."):
            layout.version_folder(base, 2)


def test_a_path_is_a_version_or_a_model_folder(tmp_path: Path) -> None:
    make(tmp_path, "1", "2")
    assert layout.resolve(tmp_path) == tmp_path / "2"
    assert layout.resolve(tmp_path / "1") == tmp_path / "1"


def test_no_model_folder_and_no_version_are_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError) as caught:
        layout.resolve(none := tmp_path / "none")
    assert str(caught.value) == f"There is no model folder {none}. Train one: kuzov train PHOTOS --out {none}"
    with raises(
        BundleError,
        f"No version in the model folder {tmp_path}: it needs a subfolder named by a number, with a "
        f"saved_model.pb inside. Train one: kuzov train PHOTOS --out {tmp_path}",
    ):
        layout.newest(tmp_path)


def test_a_folder_of_one_version_names_the_one_that_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "cars/1", "half_plus_two")
    with raises(
        BundleError,
        f"{tmp_path}/cars/1 is the folder of one version. Give the folder that it lies in, {tmp_path}/cars.",
    ):
        layout.newest(tmp_path / "cars" / "1")
    with raises(
        BundleError,
        f"{tmp_path}/half_plus_two holds a model itself rather than versions. Move the model into a "
        f"subfolder named by a number, such as {tmp_path}/half_plus_two/1.",
    ):
        layout.newest(tmp_path / "half_plus_two")
    monkeypatch.chdir(tmp_path / "cars" / "1")
    with raises(
        BundleError, f". is the folder of one version. Give the folder that it lies in, {tmp_path}/cars."
    ):
        layout.newest(Path())


def test_a_folder_of_model_folders_names_them(tmp_path: Path) -> None:
    make(tmp_path, "cars/1", "cars/2", "trucks/1", "empty/none")
    with pytest.raises(BundleError) as caught:
        layout.newest(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} holds no versions but model folders: cars, trucks. Give one of them, such as "
        f"{tmp_path}/cars."
    )
    assert caught.value.words.ru == (
        f"В {tmp_path} лежат не версии, а папки моделей: cars, trucks. Укажите одну из них, например "
        f"{tmp_path}/cars."
    )


@pytest.mark.parametrize("look", [layout.resolve, layout.newest, layout.versions])
@pytest.mark.parametrize("closed", ["models", "models/cars", "models/cars/1"])
def test_a_folder_that_can_not_be_entered_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: Callable[[Path], object], closed: str
) -> None:
    make(tmp_path, "models/cars/1")
    close(tmp_path / closed, monkeypatch)
    with pytest.raises(BundleError) as caught:
        look(tmp_path / "models" / "cars")
    where = rf"{tmp_path}/models/cars\S*"
    assert re.fullmatch(rf"{where} can't be read: Permission denied\.", caught.value.words.en)
    assert re.fullmatch(rf"{where} не читается: нет прав доступа\.", caught.value.words.ru)
