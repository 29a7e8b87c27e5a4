"""Threads that load versions, so many at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

from kuzov.serve.repository.config import RepositorySettings
from kuzov.serve.repository.lifecycle import Failure, VersionLife, load
from kuzov.serve.repository.model import Model
from kuzov.serve.repository.servable import LoadEngine, Servable

WarmUp: TypeAlias = Callable[[Servable, Path, int], None]
Done: TypeAlias = Callable[[Model, VersionLife, Servable | Failure, float], None]

_log = logging.getLogger(__name__)


class Loader:
    """Loads what is due, each version on a thread of its own.

    Attributes:
        limit: How many versions are loaded at a time.
    """

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
