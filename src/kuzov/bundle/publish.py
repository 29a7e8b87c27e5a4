"""Make a version appear whole or not at all."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kuzov.atomic import place
from kuzov.bundle.layout import UNPUBLISHED, is_version, version_folder, versions
from kuzov.errors import BundleError, reason_of
from kuzov.words import Words

_UNWRITABLE = Words(
    "The model folder {base} can't be written: {why}.", "В папку модели {base} не записать: {why}."
)
_UNMADE = Words(
    "No new version could be made in {base}: {why}.", "Новую версию в {base} сделать не удалось: {why}."
)
_NONE_WAITS = Words(
    "No version waits in {path} to be published. Train one: kuzov train PHOTOS",
    "В {path} ни одна версия не ждёт публикации. Обучите новую: kuzov train ПАПКА_С_ФОТО",
)
_NOT_UNPUBLISHED = Words(
    "There is no unpublished version {folder}; kuzov train tells where it kept one.",
    "Неопубликованной версии {folder} нет; kuzov train говорит, где её оставил.",
)
_NOT_PUBLISHED = Words(
    "The version can't be published as {target}: {why}.", "Версию не опубликовать как {target}: {why}."
)

# Servers look at folders named by a number only, so nothing loads a staging folder.
STAGING_PREFIX = ".incoming-"
ABANDONED_AFTER_S = 24 * 3600


def publish(base: Path, write: Callable[[Path], None]) -> Path:
    """Write a new version beside the others, then rename it into place.

    A failure or a kill at any moment leaves no new version. Staging folders that a kill left behind are
    removed by a later call, a day after.

    Args:
        base: The model folder, made if missing.
        write: Fills the folder that it is given, and checks what it wrote; what it raises is passed on, but
            for an OSError. `version_of` tells which version the folder will be.

    Returns:
        The new version's folder, named by seconds since 1970, or one more than the newest version.

    Raises:
        BundleError: The folder can't be written, or `write` raised an OSError.
    """
    try:
        base.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(base)
        staging = _reserve(base)
    except OSError as error:
        raise BundleError(_UNWRITABLE.fill(base=str(base), why=reason_of(error))) from error
    try:
        write(staging)
        staging.chmod(0o755)  # until now it was for its owner alone; a server is often another user
        published = base / str(version_of(staging))
        place(staging, published)
    except OSError as error:
        raise BundleError(_UNMADE.fill(base=str(base), why=reason_of(error))) from error
    else:
        return published
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def release(path: Path) -> Path:
    """Publish a version that is finished and waits in its model folder.

    Args:
        path: The version's folder, or the model folder, whose newest such version is taken.

    Returns:
        Where it is now: it has become the newest version, whose number may be another one.

    Raises:
        BundleError: There is no such version, or the folder can't be written.
    """
    folder = path
    if path.parent.name != UNPUBLISHED:
        waiting = versions(path / UNPUBLISHED)
        if not waiting:
            raise BundleError(_NONE_WAITS.fill(path=str(path)))
        folder = version_folder(path / UNPUBLISHED, waiting[-1])
    base = folder.parents[1]
    if not is_version(folder):
        raise BundleError(_NOT_UNPUBLISHED.fill(folder=str(folder)))
    target = base / str(max([int(folder.name), *(each + 1 for each in versions(base))]))
    try:
        place(folder, target)
    except OSError as error:
        raise BundleError(_NOT_PUBLISHED.fill(target=str(target), why=reason_of(error))) from error
    return target


def version_of(staging: Path) -> int:
    """Number of the version that a folder which `publish` hands out will be."""
    return int(staging.name.removeprefix(STAGING_PREFIX))


def _reserve(base: Path) -> Path:
    """A staging folder whose name holds the next version's number, so that no other writer gets the same."""
    version = max([int(time.time()), *(found + 1 for found in versions(base))])
    while True:
        staging = base / f"{STAGING_PREFIX}{version}"
        with suppress(FileExistsError):
            staging.mkdir(mode=0o700)
            # Another writer may have been just done with this number.
            if not (base / str(version)).exists():
                return staging
            staging.rmdir()
        version += 1


def _remove_abandoned(base: Path) -> None:
    for folder in base.glob(f"{STAGING_PREFIX}*"):
        with suppress(FileNotFoundError):  # another writer may rename its own into place meanwhile
            if time.time() - folder.stat().st_mtime > ABANDONED_AFTER_S:
                shutil.rmtree(folder, ignore_errors=True)
