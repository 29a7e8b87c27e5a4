"""The folders that commands write into, looked at before minutes of work."""

from __future__ import annotations

import os
from pathlib import Path

from kuzov.errors import ConfigError
from kuzov.words import Words

_A_FILE = Words(
    "Nothing can be written to {folder}: {nearest} is a file; give a folder.",
    "В {folder} ничего не записать: {nearest} — файл; укажите папку.",
)
_READ_ONLY = Words(
    "Nothing can be written to {folder}: {nearest} is read-only to you; give another folder.",
    "В {folder} ничего не записать: {nearest} вам доступна только для чтения; укажите другую папку.",
)


def require_writable(folder: Path) -> None:
    """See that files may be written into a folder, which need not be there yet; it is not made.

    Raises:
        ConfigError: It, or the nearest folder above it that there is, is a file or may not be changed.
    """
    nearest = next(each for each in (folder, *folder.absolute().parents) if os.path.lexists(each))
    if not os.path.isdir(nearest):  # noqa: PTH112 — Path.is_dir raises where it may not look
        raise ConfigError(_A_FILE.fill(folder=str(folder), nearest=str(nearest)))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ConfigError(_READ_ONLY.fill(folder=str(folder), nearest=str(nearest)))
