from __future__ import annotations

import asyncio
import ctypes
import errno
import logging
import os
import resource
import threading
import weakref
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from kuzov.serve.process import (
    allow_all_files,
    give_back_memory,
    keep_freed_memory,
    tell_when_files_run_out,
    watched_threads,
)


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
    monkeypatch.setattr(ctypes, "CDLL", opened.append)  # None has no functions
    call()
    assert opened == [None]


def test_the_limit_is_raised_as_far_as_it_goes() -> None:
    before = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
        allow_all_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_no_file_left_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def run_out() -> None:
        loop = asyncio.get_running_loop()
        tell_when_files_run_out(loop)
        for number in (errno.EMFILE, errno.ENFILE):
            error = OSError(number, os.strerror(number))
            loop.call_exception_handler({"message": "socket.accept() failed", "exception": error})

    asyncio.run(run_out())
    assert [record.getMessage() for record in caplog.records] == [
        "New connections have to wait: Too many open files. Raise the limit of open files (ulimit -n), or "
        "have clients use fewer connections."
    ]


def test_other_errors_are_told_as_ever(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        loop = asyncio.get_running_loop()
        tell_when_files_run_out(loop)
        for error in (OSError(errno.EIO, "broken"), ZeroDivisionError()):
            loop.call_exception_handler({"message": "It failed", "exception": error})

    with caplog.at_level(logging.ERROR):
        asyncio.run(fail())
    assert [record.getMessage() for record in caplog.records] == ["It failed", "It failed"]


@pytest.mark.parametrize("error", [ZeroDivisionError, MemoryError, SystemExit])
def test_a_thread_that_dies_is_noted_told_of_and_logged(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    def die() -> None:
        raise error

    told: list[str] = []
    with watched_threads() as watch:
        watch.when_one_dies(lambda: told.append("died"))
        thread = threading.Thread(target=die, name="die")
        thread.start()
        thread.join()
        watch.when_one_dies(lambda: told.append("has died before"))
    assert watch.dead == ("die",)
    assert told == ["died", "has died before"]
    assert caplog.messages == ["The thread die has died"]
