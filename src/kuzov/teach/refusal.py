"""What a teacher is refused, told so that a page can say it in its reader's language."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kuzov.errors import ErrorCode, reason_of
from kuzov.serve.rest.answer import HttpError

_STATUSES: Mapping[str, tuple[ErrorCode, int]] = {
    "token": (ErrorCode.UNAUTHENTICATED, 401),
    "nothing_here": (ErrorCode.NOT_FOUND, 404),
    "method": (ErrorCode.UNIMPLEMENTED, 405),
    "class_name": (ErrorCode.INVALID, 400),
    "missing": (ErrorCode.INVALID, 400),
    "no_image": (ErrorCode.INVALID, 415),
    "broken_image": (ErrorCode.INVALID, 400),
    "large_image": (ErrorCode.INVALID, 413),
    "no_such_photo": (ErrorCode.NOT_FOUND, 404),
    "names_file": (ErrorCode.FAILED_PRECONDITION, 409),
    "training": (ErrorCode.ABORTED, 409),
    "too_few": (ErrorCode.FAILED_PRECONDITION, 409),
    "no_candidate": (ErrorCode.FAILED_PRECONDITION, 409),
    "published": (ErrorCode.ALREADY_EXISTS, 409),
    "not_newest": (ErrorCode.ABORTED, 409),
    "no_former": (ErrorCode.FAILED_PRECONDITION, 409),
    "disk_full": (ErrorCode.RESOURCE_EXHAUSTED, 507),
    "disk": (ErrorCode.INTERNAL, 500),
}


class RefusedError(HttpError):
    """A teacher's request that is not carried out; its reason goes along in the header `kuzov-reason`."""

    def __init__(self, reason: str, message: str, *headers: tuple[str, str]) -> None:
        code, status = _STATUSES[reason]
        super().__init__(code, status, message, headers, reason)


@contextmanager
def disk_refusals(folder: Path) -> Iterator[None]:
    """Turn what the file system says while something is written to a folder into a `RefusedError`."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            text = f"The disk that holds {folder} is full; nothing was changed. Make room and try again."
            raise RefusedError("disk_full", text) from error
        text = f"{folder} can't be written: {reason_of(error)}. Nothing was changed."
        raise RefusedError("disk", text) from error
