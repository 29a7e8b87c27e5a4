from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from kuzov.serve.memory import give_back_memory, keep_freed_memory


class Node:
    """Holds itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_out_of_reach_is_freed_and_the_allocator_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(malloc_trim=asked.append))
    node = weakref.ref(Node())
    give_back_memory()
    assert (node(), asked) == (None, [0])


def test_freed_memory_is_kept_for_the_next_request(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[int, int] = {}
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(mallopt=told.__setitem__))
    keep_freed_memory()
    assert told.keys() == {-1, -2, -3, -8}
    assert min(told[-1], told[-2], told[-3]) > 256 * 256 * 3 * 4, "larger than the tensor of a photo"


@pytest.mark.parametrize("call", [give_back_memory, keep_freed_memory])
def test_other_c_libraries_will_do(monkeypatch: pytest.MonkeyPatch, call: Callable[[], None]) -> None:
    opened: list[Any] = []

    def open_library(name: object) -> object:
        opened.append(name)
        return object()

    monkeypatch.setattr(ctypes, "CDLL", open_library)
    call()
    assert opened == [None]
