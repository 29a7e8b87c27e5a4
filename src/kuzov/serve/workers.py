"""Several server processes that share the ports, for machines with more cores than one process uses well."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable
from types import FrameType

from kuzov.errors import KuzovError
from kuzov.signals import ENDING, on_ending_signals

# A worker that dies young would otherwise be started again as fast as it dies.
RESTART_PAUSE_S = 1.0

_log = logging.getLogger(__name__)


def run_workers(count: int, work: Callable[[int], None]) -> None:
    """Run processes until a signal ends them all; one that dies is started again.

    Call it in the main thread, before any other has been started: the processes are forked.

    Args:
        count: How many.
        work: What each does, given its number from 0; it returns when it gets SIGTERM.

    Raises:
        SystemExit: With status 1, in the parent: a process failed before it had served for a while.
    """
    stopping: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)
        for process in processes:
            os.kill(process, signal.SIGTERM)

    processes: dict[int, int] = {}
    started: dict[int, float] = {}
    failed = False
    with on_ending_signals(stop):
        for index in range(count):
            processes[_fork(index, work)] = index
            started[index] = time.monotonic()
        while processes:
            process, status = os.wait()
            index = processes.pop(process)
            if stopping:
                continue
            if time.monotonic() - started[index] < RESTART_PAUSE_S:
                failed = True
                stop(signal.SIGTERM, None)
                continue
            code = os.waitstatus_to_exitcode(status)
            _log.error("Worker %d ended with status %d; it is started again", index, code)
            time.sleep(RESTART_PAUSE_S)
            processes[_fork(index, work)] = index
            started[index] = time.monotonic()
    if failed:
        raise SystemExit(1)


def _fork(index: int, work: Callable[[int], None]) -> int:
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        for number in ENDING:
            signal.signal(number, signal.SIG_DFL)
        work(index)
        status = 0
    except KuzovError as error:
        _log.error("Worker %d: %s", index, error)
    except BaseException:
        _log.exception("Worker %d failed", index)
    finally:
        # The parent's clean-up is the parent's.
        os._exit(status)
