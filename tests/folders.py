"""What folders hold, and folders that can't be looked into."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder, by their paths in it."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }


def close(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to tell what is in a folder, as the system does to users, but not to root."""

    def refusing(asked: Callable[[Path], Any]) -> Callable[[Path], Any]:
        def ask(path: Path) -> Any:
            if folder in path.parents or (path == folder and asked is iterdir):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return asked(path)

        return ask

    iterdir = Path.iterdir
    for name in ("exists", "is_dir", "is_file", "iterdir"):
        monkeypatch.setattr(Path, name, refusing(getattr(Path, name)))
