from __future__ import annotations

import os
from pathlib import Path

import pytest

from kuzov.errors import ConfigError
from kuzov.output_folder import require_writable
from kuzov.words import Words
from tests.errors import raises


def test_a_folder_may_be_missing_and_is_not_made(tmp_path: Path) -> None:
    require_writable(tmp_path)
    require_writable(tmp_path / "models" / "cars")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["file", "file/cars", "link"])
def test_a_file_is_no_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    nearest = tmp_path / name.partition("/")[0]
    with raises(
        ConfigError,
        Words(
            f"Nothing can be written to {tmp_path / name}: {nearest} is a file; give a folder.",
            f"В {tmp_path / name} ничего не записать: {nearest} — файл; укажите папку.",
        ),
    ):
        require_writable(tmp_path / name)


def test_a_folder_that_may_not_be_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may change all but what is mounted read-only
    out = tmp_path / "cars"
    with raises(
        ConfigError,
        Words(
            f"Nothing can be written to {out}: {tmp_path} is read-only to you; give another folder.",
            f"В {out} ничего не записать: {tmp_path} вам доступна только для чтения; укажите другую папку.",
        ),
    ):
        require_writable(out)
