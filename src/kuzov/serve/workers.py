"""Several server processes that share the ports, for machines with more cores than one process uses well."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from mmap import mmap
from typing import TypeAlias

from kuzov.errors import KuzovError, reason_of
from kuzov.signals import ENDING, ending_signals_held, on_ending_signals

# A worker that dies young would otherwise be started again as fast as it dies.
RESTART_PAUSE_S = 1.0

_log = logging.getLogger(__name__)


Work: TypeAlias = Callable[[int, Callable[[], None]], None]
"""A worker's, given its number from 0, and what it calls as soon as it serves; SIGTERM has it return."""


def run_workers(count: int, work: Work) -> None:
    """Run processes until a signal ends them all; one that dies is started again, once it has served.

    Call it in the main thread, before any other has been started: the processes are forked.

    Raises:
        SystemExit: With status 1, in the parent: one ended that had not served, nor had any before it in its
            place.
    """
    workers = _Workers(count, work)
    failed = False
    with on_ending_signals(workers.stop):
        for index in range(count):
            workers.start(index)
        while workers.running:
            process, status = os.wait()
            index, code = workers.running.pop(process), os.waitstatus_to_exitcode(status)
            if workers.stopping:
                continue
            if not workers.served[index]:
                _log.error("Worker %d ended with status %d before it could serve", index, code)
                failed = True
                workers.stop()
                continue
            _log.error("Worker %d ended with status %d; it is started again", index, code)
            time.sleep(RESTART_PAUSE_S)
            workers.start(index)
    if failed:
        raise SystemExit(1)


class _Workers:
    """The processes that run; a signal may call `stop` between any two steps of the others."""

    def __init__(self, count: int, work: Work) -> None:
        self.running: dict[int, int] = {}  # numbers by process
        self.served = mmap(-1, count)  # a byte for each number, which the forked processes share
        self.stopping = False
        self._work = work

    def stop(self, *_signal: object) -> None:
        self.stopping = True
        for process in tuple(self.running):
            with suppress(ProcessLookupError):  # it has ended by itself
                os.kill(process, signal.SIGTERM)

    def start(self, index: int) -> None:
        """Start a worker unless all are to end; where the system refuses, try again after a pause."""
        while not self.stopping:
            try:
                # A signal between the fork and the entry would miss the new process.
                with ending_signals_held():
                    if not self.stopping:
                        served = partial(self.served.__setitem__, index, 1)
                        self.running[_fork(index, partial(self._work, index, served))] = index
            except OSError as error:
                _log.error("Worker %d can't be started: %s; it is tried again", index, reason_of(error))
                time.sleep(RESTART_PAUSE_S)
            else:
                return


def _fork(index: int, work: Callable[[], None]) -> int:
    """The process of a new worker; in that process it never returns."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        for number in ENDING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        work()
        status = 0
    except KuzovError as error:
        _log.error("Worker %d: %s", index, error)
    except BaseException:
        _log.exception("Worker %d failed", index)
    finally:
        # The parent's clean-up is the parent's.
        os._exit(status)
