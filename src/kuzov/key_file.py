"""A file of API keys: a server's holds those that it lets in, a client's the one that it sends."""

from __future__ import annotations

import logging
import os
import re
import stat
from pathlib import Path

from kuzov.errors import ConfigError, reason_of
from kuzov.words import Words

_UNREADABLE = Words(
    "The file of API keys {file} can't be read: {why}.", "Файл ключей API {file} не читается: {why}."
)
_NO_KEY = Words(
    "{file}, line {number}: an API key must be {least} or more ASCII characters without spaces, one key a "
    "line. Make one with: openssl rand -hex 32",
    "{file}, строка {number}: ключ API — это {least} или больше символов ASCII без пробелов, по ключу в "
    "строке. Создать его может openssl rand -hex 32",
)
_EMPTY = Words(
    "The file of API keys {file} holds no key. Write one a line; make it with: openssl rand -hex 32",
    "В файле ключей API {file} нет ключа. Напишите по одному в строке; создать его может openssl rand -hex "
    "32",
)

MIN_KEY_LENGTH = 16

_KEY = re.compile(rf"[!-~]{{{MIN_KEY_LENGTH},}}")
_log = logging.getLogger(__name__)


def read_keys(file: Path) -> tuple[str, ...]:
    """The keys of a file, one or more: one a line; blank lines and those that begin with # are skipped.

    Raises:
        ConfigError: The file can't be read, holds no key, or a key is shorter than 16 characters or not plain
            ASCII. The text names the line, never the key.
    """
    try:
        mode = file.stat().st_mode
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        why = reason_of(error)
        raise ConfigError(_UNREADABLE.fill(file=str(file), why=why)) from error
    keys = []
    for number, line in enumerate(lines, start=1):
        key = line.strip()
        if not key or key.startswith("#"):
            continue
        if not _KEY.fullmatch(key):
            raise ConfigError(_NO_KEY.fill(file=str(file), number=number, least=MIN_KEY_LENGTH))
        keys.append(key)
    if not keys:
        raise ConfigError(_EMPTY.fill(file=str(file)))
    if os.name == "posix" and mode & stat.S_IROTH:
        _log.warning("Every user of this machine can read the API keys in %s; run: chmod 600 %s", file, file)
    return tuple(keys)
