from __future__ import annotations

import errno
import os

import pytest

from kuzov.errors import KuzovError, reason_of
from kuzov.words import Words, plain


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        # NumPy says so of a full disk, without a number, and Pillow of a format that it can't write.
        (OSError("7680 requested and 4968 written"), "7680 requested and 4968 written"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_a_reason_is_never_none(error: OSError, reason: str) -> None:
    assert str(reason_of(error)) == reason


def test_the_everyday_reasons_are_told_in_russian_too() -> None:
    said = reason_of(OSError(errno.EACCES, os.strerror(errno.EACCES)))
    assert said == Words("Permission denied", "нет прав доступа")


@pytest.mark.parametrize("said", ["No such device", "7680 requested and 4968 written"])
def test_other_reasons_stay_as_they_were_said(said: str) -> None:
    assert reason_of(OSError(said)) == plain(said)


def test_a_text_of_several_lines_keeps_them() -> None:
    error = KuzovError("The cluster failed:\n\x1b[36mno memory\x1b[39m")
    assert error.words.en == "The cluster failed:\n\\x1b[36mno memory\\x1b[39m"
