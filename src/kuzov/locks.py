"""Files and folders for one process at a time."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path


def lock(descriptor: int, path: Path) -> None:
    """Lock the open file or folder at a path; the lock goes with the process.

    Raises:
        BlockingIOError: Another process has it, or had it, and there is another one or none at the path now.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in {errno.ENOLCK, errno.ENOTSUP}:  # some network file systems have no locks
            raise
    if not _is_at(path, descriptor):
        raise BlockingIOError(errno.EWOULDBLOCK, "another process has just used it", str(path))


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
