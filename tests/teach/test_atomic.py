from __future__ import annotations

import os
from pathlib import Path

import pytest

from kuzov.teach.atomic import write_whole, written_beside


def test_a_file_is_written_or_replaced(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_whole(file, b"one")
    write_whole(file, b"two")
    assert file.read_bytes() == b"two"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert file.stat().st_mode & 0o777 == 0o644


def test_what_can_not_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "file"
    write_whole(file, b"one")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device"):
        write_whole(file, b"two")
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"one"]


def test_what_is_not_renamed_is_removed(tmp_path: Path) -> None:
    with written_beside(b"one", tmp_path) as incoming:
        assert incoming.read_bytes() == b"one"
        assert incoming.name.startswith(".")
    assert not list(tmp_path.iterdir())
