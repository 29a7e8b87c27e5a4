"""The work that waits for a thread, and which of it goes together."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy.typing as npt

from kuzov.engine.engine import Engine, Tensors
from kuzov.serve.batching.batch import same_rows

Outputs: TypeAlias = dict[str, npt.NDArray[Any]]
Key: TypeAlias = tuple[int, str]


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """A piece of work: tensors for one of an engine's networks.

    Attributes:
        engine: Computes it.
        network: Which of the engine's networks.
        model: The model's name, for the metrics.
        tensors: What the network takes.
        rows: How many of them it has; 1 where it can't share a batch.
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
    done: Callable[[Outputs | BaseException], None]
    cancelled: Callable[[], bool]
    queued: float = field(default_factory=time.perf_counter)

    @property
    def key(self) -> Key:
        """Jobs of the same key may share a batch."""
        return id(self.engine), self.network


class JobQueue:
    """Jobs in the order in which they came, taken by batches. Safe to use from several threads."""

    def __init__(self, max_rows: int, wait_s: float = 0.0) -> None:
        """An empty queue.

        Args:
            max_rows: Rows of a batch.
            wait_s: How long the oldest job waits for others to fill its batch.
        """
        self._max_rows = max_rows
        self._wait_s = wait_s
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
            return sum(job.rows for job in self._jobs.get(key, ()))

    def close(self) -> None:
        """Let every `take` return, once nothing waits any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take(self) -> list[Job]:
        """Wait for work; the oldest job, and those that may share its batch. Empty after `close`."""
        with self._changed:
            while True:
                self._drop_cancelled()
                oldest = min(self._jobs.values(), key=lambda jobs: jobs[0].queued, default=None)
                if oldest is None:
                    if self._closed:
                        return []
                    self._changed.wait()
                    continue
                remaining = oldest[0].queued + self._wait_s - time.perf_counter()
                if remaining <= 0 or self._closed or not oldest[0].shares or self._full(oldest):
                    return self._take_batch(oldest)
                self._changed.wait(remaining)

    def _take_batch(self, jobs: deque[Job]) -> list[Job]:
        batch = [jobs.popleft()]
        rows = batch[0].rows
        while batch[0].shares and jobs and rows + jobs[0].rows <= self._max_rows:
            if not (jobs[0].shares and same_rows(batch[0].tensors, jobs[0].tensors)):
                break
            job = jobs.popleft()
            if not job.cancelled():
                rows += job.rows
                batch.append(job)
        if not jobs:
            del self._jobs[batch[0].key]
        return batch

    def _full(self, jobs: deque[Job]) -> bool:
        return sum(job.rows for job in jobs) >= self._max_rows

    def _drop_cancelled(self) -> None:
        for key, jobs in list(self._jobs.items()):
            while jobs and jobs[0].cancelled():
                jobs.popleft()
            if not jobs:
                del self._jobs[key]
