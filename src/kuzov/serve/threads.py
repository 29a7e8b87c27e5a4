"""What becomes known when a thread of the server dies, whichever it is: none ends unnoticed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_log = logging.getLogger(__name__)


class ThreadWatch:
    """Which threads an exception has ended since the watch began.

    Attributes:
        dead: Their names, in the order of their ends.
    """

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
