"""Errors that must be raised, and what they must say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from kuzov.errors import ErrorCode, RequestError

E = TypeVar("E", bound=BaseException)


@contextmanager
def raises(kind: type[E], text: str, code: ErrorCode | None = None) -> Iterator[pytest.ExceptionInfo[E]]:
    """As `pytest.raises`, of an error in exactly these words, and of this code where one is given."""
    with pytest.raises(kind) as caught:
        yield caught
    assert str(caught.value) == text
    assert code is None or (isinstance(caught.value, RequestError) and caught.value.code is code)
