from __future__ import annotations

import errno
from pathlib import Path

import pytest

from kuzov.serve.rest.answer import error_answer
from kuzov.teach.refusal import RefusedError, disk_refusals


def test_the_reason_goes_with_the_answer() -> None:
    answer = error_answer(RefusedError("training", "A training goes on already.", ("x", "y")))
    assert answer.status == 409
    assert answer.headers == (("x", "y"), ("kuzov-reason", "training"))
    assert answer.body == b'{"error": "A training goes on already."}'


FULL = "The disk that holds /photos is full; nothing was changed. Make room and try again."


@pytest.mark.parametrize(
    ("number", "status", "text"),
    [
        (errno.ENOSPC, 507, FULL),
        (errno.EDQUOT, 507, FULL),
        (errno.EACCES, 500, "/photos can't be written: Permission denied. Nothing was changed."),
    ],
)
def test_what_the_file_system_says(number: int, status: int, text: str) -> None:
    error = OSError(number, "Permission denied")
    with pytest.raises(RefusedError) as refused, disk_refusals(Path("/photos")):
        raise error
    assert (refused.value.status, str(refused.value)) == (status, text)
