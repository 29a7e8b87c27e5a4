from __future__ import annotations

import errno

import pytest

from kuzov.errors import reason_of


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
    assert reason_of(error) == reason
