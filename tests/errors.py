"""Errors that must be raised, and what they must say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from kuzov.errors import ErrorCode, KuzovError, RequestError
from kuzov.words import Words

E = TypeVar("E", bound=BaseException)


@contextmanager
def raises(
    kind: type[E], text: str | Words, code: ErrorCode | None = None
) -> Iterator[pytest.ExceptionInfo[E]]:
    """As `pytest.raises`, of an error in exactly these words, and of this code where one is given.

    Text in both languages must be told in both; a `str` is the English one.
    """
    with pytest.raises(kind) as caught:
        yield caught
    assert str(caught.value) == str(text)
    if isinstance(text, Words):
        assert isinstance(caught.value, KuzovError)
        assert caught.value.words == text
    assert code is None or (isinstance(caught.value, RequestError) and caught.value.code is code)
