"""Errors that must be raised, and what they must say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

E = TypeVar("E", bound=BaseException)


@contextmanager
def raises(kind: type[E], text: str) -> Iterator[pytest.ExceptionInfo[E]]:
    """As `pytest.raises`, of an error in exactly these words."""
    with pytest.raises(kind) as caught:
        yield caught
    assert str(caught.value) == text
