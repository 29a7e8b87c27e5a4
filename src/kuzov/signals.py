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


class Terminated(SystemExit):
    """SIGTERM has come; the status is the one that shells tell of a process that it ended, 143."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


@contextmanager
def undone_on_sigterm() -> Iterator[None]:
    """Have SIGTERM raise Terminated, so that what was begun is undone, as after Ctrl-C.

    A second one ends the process at once; where whoever started it has it ignored, it still is. Only the main
    thread may enter it.
    """
    if signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
        yield
        return

    def end(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def ending_signals_held() -> Iterator[None]:
    """Keep the signals that end a process back; they take effect at the end of the context."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
