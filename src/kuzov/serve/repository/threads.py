"""The repository's threads: those that load versions, and the one that looks after the models."""

from __future__ import annotations

import logging
import math
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeAlias

from kuzov.engine.engine import Engine
from kuzov.serve.process import give_back_memory
from kuzov.serve.repository.config import RepositorySettings
from kuzov.serve.repository.lifecycle import Failure, VersionLife, load
from kuzov.serve.repository.model import Model
from kuzov.serve.repository.servable import LoadEngine, Servable

WarmUp: TypeAlias = Callable[[Servable, Path, int], None]
_Unloaded: TypeAlias = tuple[Model, VersionLife, Engine]
Done: TypeAlias = Callable[[Model, VersionLife, Servable | Failure, float], None]

PAUSE_AFTER_ERROR_S = 1.0

_log = logging.getLogger(__name__)


class Loader:
    """Loads what is due, at most `limit` versions at a time, each on a thread of its own."""

    def __init__(
        self,
        load_engine: LoadEngine,
        warm_up: WarmUp,
        settings: RepositorySettings,
        *,
        limit: int,
        done: Done,
    ) -> None:
        """`done` is called on the loading thread, with what came of a try and the seconds that it took."""
        self.limit = limit
        self._load_engine = load_engine
        self._warm_up = warm_up
        self._settings = settings
        self._done = done
        self._threads: set[threading.Thread] = set()

    def start_due(self, models: Iterable[Model]) -> None:
        """Start to load what is due, as far as the limit allows.

        The caller holds the lock that `done` takes, so that a life begins before its try can end.
        """
        now = time.monotonic()
        ranked = [(rank, model, life) for model in models for rank, life in enumerate(model.due(now))]
        # Each model's highest version comes before any model's second.
        for _, model, life in sorted(ranked, key=lambda each: each[0]):
            if len(self._threads) >= self.limit:
                return
            name = f"kuzov-load-{life.model}-{life.version}"
            # Daemons: a load that hangs must not keep the process from ending.
            thread = threading.Thread(target=self._load, args=(model, life), name=name, daemon=True)
            self._threads.add(thread)
            try:
                thread.start()
            except RuntimeError:  # the system has no thread to give; the version stays due
                self._threads.discard(thread)
                raise
            life.begin()

    def join(self, deadline: float) -> None:
        """Wait for loads under way, until a time by `time.monotonic`."""
        for thread in tuple(self._threads):
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _load(self, model: Model, life: VersionLife) -> None:
        started = time.monotonic()
        outcome = load(life, self._load_engine, self._warm)
        self._threads.discard(threading.current_thread())
        try:
            self._done(model, life, outcome, time.monotonic() - started)
        except Exception:
            _log.exception("Unexpected error after loading version %d of %s", life.version, life.model)

    def _warm(self, servable: Servable, folder: Path) -> None:
        if self._settings.enable_model_warmup:
            self._warm_up(servable, folder, max(1, self._settings.num_request_iterations_for_warmup))


class Keeper:
    """Polls, retries and lets go of what is unloaded, on a thread of its own, which holds no request up."""

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
            poll_interval_s: 0 never looks.
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
