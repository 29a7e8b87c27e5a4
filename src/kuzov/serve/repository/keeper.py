"""The thread that looks after the models: polls, retries, and lets go of what is unloaded."""

from __future__ import annotations

import logging
import math
import threading
import time
import weakref
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeAlias

from kuzov.engine.engine import Engine
from kuzov.serve.memory import give_back_memory
from kuzov.serve.repository.lifecycle import VersionLife
from kuzov.serve.repository.model import Model

PAUSE_AFTER_ERROR_S = 1.0

_log = logging.getLogger(__name__)

_Unloaded: TypeAlias = tuple[Model, VersionLife, Engine]


class Keeper:
    """Does on a thread of its own what must not hold up requests."""

    def __init__(
        self,
        *,
        poll: Callable[[], None],
        poll_interval_s: float,
        advance: Callable[[], float],
        ended: Callable[[Model, VersionLife], None],
    ) -> None:
        """Nothing happens before `start`.

        Args:
            poll: Looks at the folders.
            poll_interval_s: Time between two looks; 0 never looks.
            advance: Starts what is due; returns when it next has something to do, by `time.monotonic`.
            ended: Told of each version that nobody holds any more.
        """
        self._poll = poll
        self._poll_interval_s = poll_interval_s
        self._advance = advance
        self._ended = ended
        # A plain queue is all that a finalizer may touch: it can run at any moment, in any thread.
        self._signals: SimpleQueue[_Unloaded | None] = SimpleQueue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kuzov-repository", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Have `advance` called soon."""
        self._signals.put(None)

    def stop(self, deadline: float) -> None:
        """End the thread, and wait for that until a time by `time.monotonic`."""
        self._stopped.set()
        self.wake()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(max(0.0, deadline - time.monotonic()))

    def let_go(self, model: Model, life: VersionLife) -> None:
        """Unload an available version as soon as the last request that holds it is done."""
        servable = life.release()
        # The engine goes by the queue, so that this thread frees it, and not that of the last request.
        finalizer = weakref.finalize(servable, self._signals.put, (model, life, servable.engine))
        finalizer.atexit = False

    def _run(self) -> None:
        interval_s = self._poll_interval_s if self._poll_interval_s > 0 else math.inf
        next_poll = time.monotonic() + interval_s
        while not self._stopped.is_set():
            try:
                self._take_signal(until=min(next_poll, self._advance()))
                if time.monotonic() >= next_poll and not self._stopped.is_set():
                    next_poll = math.inf if interval_s == math.inf else time.monotonic() + interval_s
                    self._poll()
            except Exception:
                _log.exception("Unexpected error while looking after the models")
                self._stopped.wait(PAUSE_AFTER_ERROR_S)

    def _take_signal(self, *, until: float) -> None:
        timeout = None if until == math.inf else max(0.0, until - time.monotonic())
        try:
            signal = self._signals.get(timeout=timeout)
        except Empty:
            return
        if signal is None:
            return
        model, life, engine = signal
        del signal, engine
        self._ended(model, life)
        give_back_memory()
