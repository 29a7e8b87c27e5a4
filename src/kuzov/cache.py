"""Where kuzov keeps what it could make anew."""

from __future__ import annotations

import os
from pathlib import Path

from kuzov.errors import ConfigError
from kuzov.words import Words

UNWRITABLE = Words(
    "The cache {folder} can't be written: {why}. Name another folder in the variable KUZOV_CACHE.",
    "В кэш {folder} не записать: {why}. Назовите другую папку в переменной KUZOV_CACHE.",
)
_NO_HOME = Words(
    "There is no home folder to keep a cache in; name a folder in KUZOV_CACHE.",
    "Нет домашней папки, где держать кэш; назовите папку в KUZOV_CACHE.",
)


def default_cache() -> Path:
    """The user's cache folder for kuzov: $KUZOV_CACHE, or kuzov under the XDG cache folder.

    Raises:
        ConfigError: The user has no home folder.
    """
    if "KUZOV_CACHE" in os.environ:
        return Path(os.environ["KUZOV_CACHE"])
    folder = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(folder) if folder else Path.home() / ".cache") / "kuzov"
    except RuntimeError as error:
        raise ConfigError(_NO_HOME) from error
