"""What both forms of results share: who may write them, and why they are refused, in words."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from kuzov.atomic import sync
from kuzov.bulk.answers import ModelName
from kuzov.errors import ResultsError


@contextmanager
def locked(path: Path, *, one_file: bool) -> Iterator[int]:
    """A file for reading and appending, or a folder, for this process alone; it is made if it is missing."""
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
            raise ResultsError(
                f"Another kuzov classify writes to {path}; wait for its end, or give another --out."
            )
        yield descriptor
    finally:
        os.close(descriptor)


def open_to_append(path: Path) -> int:
    """A descriptor of a file for reading and appending; the file is made if it is missing."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)


def lock(descriptor: int) -> None:
    """Lock an open file or folder, or raise BlockingIOError; the lock goes with the process."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in {errno.ENOLCK, errno.ENOTSUP}:  # some network file systems have no locks
            raise


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Have failures to write told in words; what was written before is kept."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            reason = "there is no space left"
            advice = "What was done is kept; free some space, and the same command goes on."
        else:
            reason, advice = error.strerror or str(error), "What was done is kept."
        if isinstance(error, FileExistsError):  # as mkdir says it
            reason = f"{error.filename} is a file"
        raise ResultsError(f"Results can't be written to {path}: {reason}. {advice}") from error


def refuse_other_rows(path: Path, cars: Collection[int | None], *, all_cars: bool) -> None:
    """Have rows of one kind in one place, where found rows told so many cars each; None is a row a photo."""
    if all_cars and None in cars:
        reason = f"{path} holds a row a photo, and now a row a car is asked for."
    elif not all_cars and any(each is not None for each in cars):
        reason = f"{path} holds a row a car, and now a row a photo is asked for."
    else:
        return
    raise ResultsError(f"{reason} Give another --out, or --restart to begin anew in its place.")


def refuse_other_model(
    path: Path, found: ModelName, labels: Collection[str | None], model: ModelName
) -> None:
    """Have one model's answers in one place, where `found` called photos so; None if one can't be read."""
    if found != model:
        reason = f"{path} holds answers of {found}, and {model} is asked now."
    elif model.labels and (others := set(labels) - model.labels - {None}):
        reason = f"{path} holds answers of another {model}, which knew {min(map(str, others))}."
    else:
        return
    raise ResultsError(f"{reason} Give another --out, or --restart to begin anew in its place.")
