"""The signals that end a process: Ctrl-C's, and the one of whoever started it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def on_ending_signals(obey: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have the signals that end a process call a function; afterwards they do what they did before.

    Only the main thread may enter it.
    """
    before = {number: signal.signal(number, obey) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def ending_signals_held() -> Iterator[None]:
    """Keep the signals that end a process back; they take effect at the end of the context."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
