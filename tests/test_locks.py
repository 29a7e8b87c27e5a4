from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kuzov.locks import lock


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "file").touch()
    return tmp_path / "file"


@pytest.fixture
def opened(file: Path) -> Iterator[list[int]]:
    """Two descriptors, as two processes would have them."""
    descriptors = [os.open(file, os.O_RDWR) for _ in range(2)]
    yield descriptors
    for each in descriptors:
        os.close(each)


def test_one_at_a_time(file: Path, opened: list[int]) -> None:
    lock(opened[0], file)
    with pytest.raises(BlockingIOError):
        lock(opened[1], file)


def test_what_was_removed_or_replaced_meanwhile_is_anothers(file: Path, opened: list[int]) -> None:
    file.unlink()
    with pytest.raises(BlockingIOError):
        lock(opened[0], file)
    file.touch()
    with pytest.raises(BlockingIOError):
        lock(opened[1], file)


def test_a_file_system_without_locks_has_none(
    file: Path, opened: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", none)
    for each in opened:
        lock(each, file)
