"""What the server asks of its process: memory, open files, turns of threads, and word of those that die."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import gc
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kuzov.errors import reason_of

# A thread that has computed an answer needs the interpreter to hand it on; the 5 ms that Python lets another
# keep it are as long as an inference.
SWITCH_INTERVAL_S = 0.0005
TELL_EVERY_S = 60.0

# glibc's names and numbers, malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -2, -3, -8
_MEBIBYTE = 1 << 20

_log = logging.getLogger(__name__)


def tune_process() -> None:
    """Set this process up to answer requests; to be called before it has other threads."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    keep_freed_memory()
    allow_all_files()
    # What was imported until now stays: the collector need not look at it again with every request.
    gc.collect()
    gc.freeze()


def keep_freed_memory() -> None:
    """Have blocks of a request's size kept for the next request, rather than handed back and fetched again.

    glibc may return large blocks to the system at once; the pages of the next one are then filled with zeros
    one by one (docs/adr/0011).
    """
    mallopt = _function("mallopt")
    if mallopt is not None:
        # What is larger, such as a photo of a phone, would leave gaps that can't be given back.
        mallopt(_M_MMAP_THRESHOLD, 2 * _MEBIBYTE)
        mallopt(_M_TRIM_THRESHOLD, 16 * _MEBIBYTE)
        mallopt(_M_TOP_PAD, 4 * _MEBIBYTE)
        # Threads that keep freed memory each for itself would keep many times as much.
        mallopt(_M_ARENA_MAX, 2)


def give_back_memory() -> None:
    """Free what is out of reach, and return free pages to the system.

    An allocator keeps what was freed for later use: without this, a server that swaps models grows to the
    size of two.
    """
    gc.collect()
    trim = _function("malloc_trim")
    if trim is not None:
        trim(0)


def _function(name: str) -> Any:
    """A function of the C library; None where it is not GNU's."""
    try:
        return getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return None


def allow_all_files() -> None:
    """Raise the limit of open files, and so of connections, to the highest that the process may set.

    The usual one, 1024, is meant for programs that wait by `select`.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Unix alone has it

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:  # macOS has a lower one of its own
        _log.debug("The limit of open files stays as it is: %s", error)


def tell_when_files_run_out(loop: asyncio.AbstractEventLoop) -> None:
    """Have a loop log one line a minute while no connection can be accepted.

    On its own it logs a traceback for each place in the backlog, thousands a second.
    """
    told_at = -TELL_EVERY_S

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal told_at
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in {errno.EMFILE, errno.ENFILE}:
            loop.default_exception_handler(context)
        elif time.monotonic() - told_at >= TELL_EVERY_S:
            told_at = time.monotonic()
            _log.error(
                "New connections have to wait: %s. Raise the limit of open files (ulimit -n), or have "
                "clients use fewer connections.",
                reason_of(error),
            )

    loop.set_exception_handler(handle)


class ThreadWatch:
    """Which threads an exception has ended since the watch began, by name: none ends unnoticed."""

    def __init__(self) -> None:
        self.dead: tuple[str, ...] = ()
        self._tell: Callable[[], object] = lambda: None

    def when_one_dies(self, tell: Callable[[], object]) -> None:
        """Have a function called, on the dying thread; at once where one has died already."""
        self._tell = tell
        if self.dead:
            tell()

    def note(self, died: threading.ExceptHookArgs) -> None:
        """Take note of a thread's end; for `threading.excepthook`."""
        name = died.thread.name if died.thread is not None else "without a name"
        self.dead = (*self.dead, name)
        self._tell()
        why = (died.exc_type, died.exc_value or died.exc_type(), died.exc_traceback)
        _log.critical("The thread %s has died", name, exc_info=why)


@contextmanager
def watched_threads() -> Iterator[ThreadWatch]:
    """Watch all threads of the process until the end of the context."""
    watch, before = ThreadWatch(), threading.excepthook
    threading.excepthook = watch.note
    try:
        yield watch
    finally:
        threading.excepthook = before
