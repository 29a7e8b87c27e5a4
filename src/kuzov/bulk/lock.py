"""Who may write to results: one process at a time."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kuzov.atomic import sync
from kuzov.bulk.refusals import told
from kuzov.errors import ResultsError


@contextmanager
def locked(path: Path, *, one_file: bool) -> Iterator[int]:
    """A file for reading and appending, or a folder, for this process alone; it is made if it is missing.

    Raises:
        ResultsError: It can't be written, or another process has it.
    """
    with told(path):
        made = not path.exists()
        if one_file:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = open_to_append(path)
        else:
            path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        if made:
            sync(path.parent)
    try:
        try:
            lock(descriptor)
            # `JsonLines.remove_failed` of another process may have put another file in its place.
            ours = os.path.samestat(path.stat(), os.fstat(descriptor))
        except (BlockingIOError, FileNotFoundError):
            ours = False
        if not ours:
            text = f"Another kuzov classify writes to {path}; wait for its end, or give another --out."
            raise ResultsError(text)
        yield descriptor
    finally:
        os.close(descriptor)


def open_to_append(path: Path) -> int:
    """A descriptor of a file for reading and appending; the file is made if it is missing."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)


def lock(descriptor: int) -> None:
    """Lock an open file or folder; the lock goes with the process, however that ends.

    Raises:
        BlockingIOError: Another process has locked it.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in {errno.ENOLCK, errno.ENOTSUP}:  # some network file systems have no locks
            raise
