"""The work that waits for a thread, and which of it goes together."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy.typing as npt

from kuzov.engine.engine import Engine
from kuzov.network import Tensors
from kuzov.serve.batching.batch import same_rows

Outputs: TypeAlias = dict[str, npt.NDArray[Any]]
Key: TypeAlias = tuple[int, str]


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """A piece of work: tensors for one of an engine's networks.

    Attributes:
        model: The model's name, for the metrics.
        rows: How many it has; 1 where it can't share a batch.
        shares: Whether it may be computed together with others of the same network.
        done: Called on a thread of the scheduler with the outputs or an error.
        cancelled: Asked before the work is begun; work that nobody waits for is dropped.
        queued: When it was queued, by time.perf_counter.
    """

    engine: Engine
    network: str
    model: str
    tensors: Tensors
    rows: int
    shares: bool
    done: Callable[[Outputs | Exception], None]
    cancelled: Callable[[], bool]
    queued: float = field(default_factory=time.perf_counter)

    @property
    def key(self) -> Key:
        """Jobs of the same key may share a batch."""
        return id(self.engine), self.network


class JobQueue:
    """Jobs by key, in the order in which they came, taken by batches. Safe to use from several threads.

    Each key waits for company by itself, as TensorFlow Serving's queues do; those with a batch to take are
    served in turn.
    """

    def __init__(self, max_rows: int, wait_s: float = 0.0) -> None:
        """The oldest job of a key waits `wait_s` for others to fill its batch of `max_rows`."""
        self._max_rows = max_rows
        self._wait_s = wait_s
        # The first key is the next in turn.
        self._jobs: dict[Key, deque[Job]] = {}
        self._changed = threading.Condition()
        self._closed = False

    def put(self, job: Job) -> None:
        """Add a job behind the others of its key."""
        with self._changed:
            self._jobs.setdefault(job.key, deque()).append(job)
            self._changed.notify()

    def waiting_rows(self, key: Key) -> int:
        """The rows of a key that wait."""
        with self._changed:
            return _rows(self._jobs.get(key, ()))

    def close(self) -> None:
        """Let every `take` return, once nothing waits any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take(self) -> list[Job]:
        """Wait for a batch: the oldest job of a key, and those that may share it. Empty after `close`."""
        with self._changed:
            while True:
                self._drop_cancelled()
                now = time.perf_counter()
                ready = next((key for key, jobs in self._jobs.items() if self._is_ready(jobs, now)), None)
                if ready is not None:
                    return self._take_batch(ready)
                if self._closed:
                    return []
                oldest = min((jobs[0].queued for jobs in self._jobs.values()), default=None)
                self._changed.wait(None if oldest is None else oldest + self._wait_s - now)

    def _is_ready(self, jobs: deque[Job], now: float) -> bool:
        waited = now - jobs[0].queued >= self._wait_s
        return waited or self._closed or not jobs[0].shares or _rows(jobs) >= self._max_rows

    def _take_batch(self, key: Key) -> list[Job]:
        jobs = self._jobs.pop(key)
        batch = [jobs.popleft()]
        rows = batch[0].rows
        while batch[0].shares and jobs and rows + jobs[0].rows <= self._max_rows:
            if not (jobs[0].shares and same_rows(batch[0].tensors, jobs[0].tensors)):
                break
            job = jobs.popleft()
            if not job.cancelled():
                rows += job.rows
                batch.append(job)
        if jobs:
            self._jobs[key] = jobs  # behind the others
            self._changed.notify()
        return batch

    def _drop_cancelled(self) -> None:
        for key, jobs in list(self._jobs.items()):
            while jobs and jobs[0].cancelled():
                jobs.popleft()
            if not jobs:
                del self._jobs[key]


def _rows(jobs: Iterable[Job]) -> int:
    return sum(job.rows for job in jobs)
