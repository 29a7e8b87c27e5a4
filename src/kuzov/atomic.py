"""Files that are whole under their names, whatever ends the process or the power."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def written_whole(file: Path) -> Iterator[Path]:
    """Write a file, or another one in its place.

    Yields:
        A hidden path beside it, to be written to; it takes the file's name on the way out, unless the context
        ends in an exception.

    Raises:
        OSError: It can't be written; what was there is there still.
    """
    with hidden_in(file.parent, file.name) as beside:
        yield beside
        place(beside, file)


@contextmanager
def hidden_in(folder: Path, name: str) -> Iterator[Path]:
    """A path for a file that `place` moves to its name later; what is left there at the end is removed.

    Whatever lists a folder of photos, results or models leaves hidden files alone.
    """
    path = folder / f".{name}.{secrets.token_hex(4)}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def place(source: Path, target: Path) -> None:
    """Rename a file, or a folder with all in it, which is on disk before its new name is.

    A power cut leaves none that is empty. A folder takes no name that another one has, unless that is empty.

    Raises:
        OSError: It can't be; what had the name has it still.
    """
    for each in (source, *source.rglob("*")):
        if not each.is_symlink() and (each.is_file() or each.is_dir()):
            with suppress(PermissionError):  # of another user, who has written it
                sync(each)
    source.replace(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Wait until the content of a file, or the names in a folder, would outlive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def free_name(path: Path) -> Path:
    """This path, or one beside it that nothing has, such as `car-2.jpg`."""
    count, free = 1, path
    while free.exists():
        count += 1
        free = path.with_name(f"{path.stem}-{count}{path.suffix}")
    return free
