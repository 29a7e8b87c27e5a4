"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Whatever reads a folder of photos leaves hidden files alone.
INCOMING_PREFIX = ".incoming-"


@contextmanager
def written_beside(content: bytes, folder: Path) -> Iterator[Path]:
    """Write a file that is still hidden, for the caller to rename; removed where that does not happen.

    Raises:
        OSError: It can't be written.
    """
    descriptor, name = tempfile.mkstemp(prefix=INCOMING_PREFIX, dir=folder)
    incoming = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            # On disk before it has its name, so that a power cut leaves no empty file.
            os.fsync(file.fileno())
        incoming.chmod(0o644)  # mkstemp's is for its owner alone
        yield incoming
    finally:
        with suppress(FileNotFoundError):
            incoming.unlink()


def write_whole(file: Path, content: bytes) -> None:
    """Write a file, or replace it.

    Raises:
        OSError: It can't be written; what was there is there still.
    """
    with written_beside(content, file.parent) as incoming:
        incoming.replace(file)
