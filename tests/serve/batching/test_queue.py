from __future__ import annotations

import threading
import time
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest

from kuzov.engine.engine import Engine
from kuzov.serve.batching.queue import Job, JobQueue

ENGINE: Any = object()
OTHER: Any = object()


def job(
    rows: int = 1,
    *,
    engine: Engine = ENGINE,
    shares: bool = True,
    width: int = 1,
    cancelled: bool = False,
) -> Job:
    return Job(
        engine=engine,
        network="n",
        model="m",
        tensors={"x": np.zeros((rows, width))},
        rows=rows,
        shares=shares,
        done=lambda _: None,
        cancelled=lambda: cancelled,
    )


def filled(*jobs: Job, max_rows: int = 4, wait_s: float = 0.0) -> JobQueue:
    queue = JobQueue(max_rows, wait_s)
    for each in jobs:
        queue.put(each)
    return queue


def taken_by(queue: JobQueue, *jobs: Job, threads: int = 1) -> list[list[Job]]:
    """What threads take at once of what waits and of jobs that come while they wait, in the jobs' order."""
    found: SimpleQueue[list[Job]] = SimpleQueue()
    for _ in range(threads):
        threading.Thread(target=lambda: found.put(queue.take()), daemon=True).start()
    for each in jobs:
        time.sleep(0.05)  # until they wait
        queue.put(each)
    return sorted((found.get(timeout=10) for _ in range(threads)), key=lambda batch: batch[0].queued)


@pytest.mark.parametrize(
    ("jobs", "batches"),
    [
        ([job(), job(2), job(), job()], [3, 1]),
        ([job(9), job()], [1, 1]),
        ([job(3), job(2), job(1)], [1, 2]),
        ([job(), job(width=2), job()], [1, 1, 1]),
        ([job(shares=False), job(shares=False), job()], [1, 1, 1]),
    ],
    ids=["up to the limit", "larger than a batch", "in their order", "of another shape", "not to share"],
)
def test_what_waits_is_taken_together(jobs: list[Job], batches: list[int]) -> None:
    queue = filled(*jobs)
    taken = [queue.take() for _ in batches]
    assert [len(batch) for batch in taken] == batches
    assert [each for batch in taken for each in batch] == jobs


def test_what_nobody_waits_for_is_dropped() -> None:
    jobs = [job(cancelled=True), job(), job(cancelled=True), job()]
    queue = filled(*jobs)
    assert queue.take() == [jobs[1], jobs[3]]


def test_rows_that_wait_are_counted() -> None:
    queue = filled(job(2), job(3), job(engine=OTHER))
    assert queue.waiting_rows(job().key) == 5
    queue.take()
    assert queue.waiting_rows(job().key) == 3


def test_the_oldest_waits_for_company_as_long_as_it_is_told() -> None:
    queue = filled(job(), wait_s=0.2)
    late = job()
    threading.Timer(0.02, queue.put, [late]).start()
    start = time.perf_counter()
    assert late in queue.take()
    assert time.perf_counter() - start >= 0.1


def test_a_full_batch_does_not_wait() -> None:
    queue = filled(job(2), job(2), wait_s=3600)
    assert len(queue.take()) == 2


def test_a_full_batch_does_not_wait_for_another_model() -> None:
    oldest, *full = job(), job(2, engine=OTHER), job(2, engine=OTHER)
    assert taken_by(filled(oldest, *full, wait_s=3600)) == [full]


def test_what_goes_alone_does_not_wait_for_another_model() -> None:
    oldest, alone = job(), job(engine=OTHER, shares=False)
    assert taken_by(filled(oldest, alone, wait_s=3600)) == [[alone]]


def test_a_full_batch_that_is_left_wakes_who_waits() -> None:
    queue = JobQueue(4, wait_s=3600)
    jobs = [job(3), job(4)]
    assert taken_by(queue, *jobs, threads=2) == [[each] for each in jobs]


def test_models_take_turns() -> None:
    busy = [job(4) for _ in range(3)]
    other = [job(engine=OTHER), job(engine=OTHER)]
    queue = filled(*busy[:2], *other, busy[2])
    assert [queue.take() for _ in range(4)] == [busy[:1], other, busy[1:2], busy[2:]]


def test_a_closed_queue_gives_what_waits_and_then_nothing() -> None:
    queue = filled(job(), wait_s=3600)
    queue.close()
    assert len(queue.take()) == 1
    assert queue.take() == []


def test_close_wakes_those_who_wait() -> None:
    queue = JobQueue(4)
    taken: list[list[Job]] = []
    thread = threading.Thread(target=lambda: taken.append(queue.take()))
    thread.start()
    queue.close()
    thread.join(timeout=10)
    assert taken == [[]]
