"""Who computes a request, and when: decode threads, inference threads, and batches between them.

A thread that has nothing to do takes what waits, as one batch: so a request never waits for company, and the
busier the server, the larger the batches. A large request is cut into pieces of the same size, so it does
not hold the small ones up, nor take more memory than they do.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from kuzov.engine.engine import Engine, Tensors
from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.batching.batch import cut, join, rows_of, split
from kuzov.serve.batching.parameters import BatchingParameters
from kuzov.serve.batching.queue import Job, JobQueue, Key, Outputs
from kuzov.serve.repository.servable import Servable

ROWS_AT_ONCE = 2  # one after the other; two spare every other hand-over between threads: docs/adr/0011
CLOSE_GRACE_S = 5.0

_log = logging.getLogger(__name__)


class Observer(Protocol):
    """Is told what was computed: `kuzov.serve.monitoring.metrics.Metrics`."""

    def observe_batch(self, model: str, rows: int, waited_s: Sequence[float]) -> None:
        """A batch of so many rows was begun; each of its requests had waited so long."""

    def observe_inference(self, model: str, seconds: float, *, requests: int) -> None:
        """A batch of so many requests was computed."""

    def observe_decode(self, seconds: float) -> None:
        """The photos of a request were decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerSettings:
    """How requests are put together.

    Attributes:
        threads: Batches computed at a time.
        rows_at_once: Rows of a batch, where no parameters say it.
        parameters: TensorFlow Serving's batching parameters, for every signature; None to batch by
            kuzov's own rule, only where it never changes an answer.
    """

    threads: int = 1
    rows_at_once: int = ROWS_AT_ONCE
    parameters: BatchingParameters | None = None


class Scheduler:
    """Computes calls on threads of its own; implements `kuzov.serve.service.Compute`."""

    def __init__(self, settings: SchedulerSettings, decode_pool: Executor, observer: Observer) -> None:
        """Start the threads; `close` ends them."""
        parameters = settings.parameters
        self._settings = settings
        self._decode_pool = decode_pool
        self._observer = observer
        if parameters is None:
            self._queue = JobQueue(settings.rows_at_once)
        else:
            self._queue = JobQueue(parameters.max_batch_size, parameters.batch_timeout_micros / 1e6)
        count = (parameters and parameters.num_batch_threads) or settings.threads
        self._threads = [
            threading.Thread(target=self._work, name=f"inference-{index}", daemon=True)
            for index in range(count)
        ]
        for thread in self._threads:
            thread.start()

    async def __call__(
        self, servable: Servable, signature: str, inputs: Tensors
    ) -> dict[str, npt.NDArray[Any]]:
        """All outputs of a signature; see `kuzov.serve.service.Compute`."""
        engine = servable.engine
        if any(tensor.dtype == np.object_ for tensor in inputs.values()):
            loop = asyncio.get_running_loop()
            tensors = await loop.run_in_executor(self._decode_pool, self._decode, engine, signature, inputs)
        else:
            tensors = engine.prepare(signature, inputs)
        network = engine.network(signature)
        shares = self._shares(engine, signature, tensors)
        pieces = self._pieces((id(engine), network), tensors, shares=shares)
        jobs = [self._submit(servable, network, piece, shares=shares) for piece in pieces]
        if len(jobs) == 1:
            return engine.finish(signature, await jobs[0])
        parts = await _all(jobs)
        return engine.finish(signature, join(parts))

    def close(self) -> None:
        """Finish what waits, and end the threads.

        What a model computes can't be interrupted: it is waited for a few seconds, then left to itself.
        """
        self._queue.close()
        deadline = time.monotonic() + CLOSE_GRACE_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _decode(self, engine: Engine, signature: str, inputs: Tensors) -> Tensors:
        start = time.perf_counter()
        tensors = engine.prepare(signature, inputs)
        if tensors is not inputs:
            self._observer.observe_decode(time.perf_counter() - start)
        return tensors

    def _shares(self, engine: Engine, signature: str, tensors: Tensors) -> bool:
        if self._settings.parameters is not None:
            return True
        return engine.batched(signature) and bool(rows_of(tensors))

    def _pieces(self, key: Key, tensors: Tensors, *, shares: bool) -> list[Tensors]:
        parameters = self._settings.parameters
        if parameters is None:
            return cut(tensors, self._settings.rows_at_once) if shares else [tensors]
        _check_batch(tensors, parameters)
        if self._queue.waiting_rows(key) >= parameters.max_enqueued_batches * parameters.max_batch_size:
            text = "The batch scheduling queue to which this task was submitted is full"
            raise RequestError(ErrorCode.UNAVAILABLE, text)
        return cut(tensors, parameters.max_batch_size) or [tensors]

    def _submit(
        self, servable: Servable, network: str, tensors: Tensors, *, shares: bool
    ) -> asyncio.Future[Outputs]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outputs] = loop.create_future()
        rows = rows_of(tensors) if shares else None
        self._queue.put(
            Job(
                engine=servable.engine,
                network=network,
                model=servable.name,
                tensors=tensors,
                rows=1 if rows is None else rows,
                shares=shares,
                done=_deliver_to(loop, future),
                cancelled=future.cancelled,
            )
        )
        return future

    def _work(self) -> None:
        while batch := self._queue.take():
            self._compute(batch)
            # What a thread still names while it waits would keep an unloaded model in memory.
            del batch

    def _compute(self, batch: list[Job]) -> None:
        start = time.perf_counter()
        first = batch[0]
        rows = [job.rows for job in batch]
        self._observer.observe_batch(first.model, sum(rows), [start - job.queued for job in batch])
        try:
            results: Sequence[Outputs | BaseException] = self._infer(batch, rows)
        except RequestError as error:
            # Whose fault it is can't be told from a batch.
            results = [error] if len(batch) == 1 else [self._infer_alone(job) for job in batch]
        except Exception as error:
            _log.exception("Failed to compute %s", first.model)
            results = [error] * len(batch)
        self._observer.observe_inference(first.model, time.perf_counter() - start, requests=len(batch))
        for job, result in zip(batch, results, strict=True):
            job.done(result)

    def _infer(self, batch: list[Job], rows: list[int]) -> list[Outputs]:
        first = batch[0]
        padding = self._padding(sum(rows)) if first.shares else 0
        outputs = first.engine.infer(first.network, join([job.tensors for job in batch], padding))
        if len(batch) == 1 and self._settings.parameters is None:
            return [dict(outputs)]
        return split(outputs, rows, padding)

    def _infer_alone(self, job: Job) -> Outputs | BaseException:
        try:
            return self._infer([job], [job.rows])[0]
        except RequestError as error:
            return error

    def _padding(self, rows: int) -> int:
        sizes = self._settings.parameters.allowed_batch_sizes if self._settings.parameters else ()
        return next((size - rows for size in sizes if size >= rows > 0), 0)


def _deliver_to(
    loop: asyncio.AbstractEventLoop, future: asyncio.Future[Outputs]
) -> Callable[[Outputs | BaseException], None]:
    def set_result(result: Outputs | BaseException) -> None:
        if future.cancelled():
            return
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)

    def deliver(result: Outputs | BaseException) -> None:
        try:
            loop.call_soon_threadsafe(set_result, result)
        except RuntimeError:  # the loop is closed: nobody waits any more
            _log.debug("An answer came after the server had stopped.")

    return deliver


async def _all(jobs: Sequence[asyncio.Future[Outputs]]) -> list[Outputs]:
    try:
        return await asyncio.gather(*jobs)
    except BaseException:
        for job in jobs:
            job.cancel()
        raise


def _check_batch(tensors: Tensors, parameters: BatchingParameters) -> None:
    """Raise what TensorFlow Serving raises of a request that can't be batched."""
    if not tensors:
        raise RequestError(ErrorCode.INVALID, "Batching Run() must have at least one input tensor")
    if any(tensor.ndim == 0 for tensor in tensors.values()):
        text = "Batching Run() input tensors must have at least one dimension"
        raise RequestError(ErrorCode.INVALID, text)
    rows = rows_of(tensors)
    if rows is None:
        text = "Batching Run() input tensors must have equal 0th-dimension size"
        raise RequestError(ErrorCode.INVALID, text)
    if rows > parameters.max_batch_size and not parameters.enable_large_batch_splitting:
        text = f"Task size {rows} is larger than maximum input batch size {parameters.max_batch_size}"
        raise RequestError(ErrorCode.INVALID, text)
