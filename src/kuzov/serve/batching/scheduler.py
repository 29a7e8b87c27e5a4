"""Who computes a request, and when: inference threads, and batches before them.

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
from typing import Any

import numpy.typing as npt

from kuzov.engine.engine import Engine
from kuzov.errors import ErrorCode, RequestError, invalid
from kuzov.network import Tensors
from kuzov.serve.batching.batch import cut, join, rows_of, split
from kuzov.serve.batching.parameters import BatchingParameters
from kuzov.serve.batching.queue import Job, JobQueue, Key, Outputs
from kuzov.serve.monitoring.metrics import Metrics
from kuzov.serve.repository.servable import Servable

ROWS_AT_ONCE = 2  # one after the other; two spare every other hand-over between threads: docs/adr/0011
CLOSE_GRACE_S = 5.0

_log = logging.getLogger(__name__)


class Scheduler:
    """Computes calls on threads of its own."""

    def __init__(
        self,
        metrics: Metrics,
        *,
        threads: int = 1,
        parameters: BatchingParameters | None = None,
    ) -> None:
        """Start the threads; `close` ends them.

        Args:
            metrics: Is told what was computed.
            threads: Batches computed at a time, where no parameters say it.
            parameters: For every signature; None to batch by kuzov's own rule, only where it never changes an
                answer.
        """
        self._parameters = parameters
        self._metrics = metrics
        if parameters is None:
            self._queue = JobQueue(ROWS_AT_ONCE)
        else:
            self._queue = JobQueue(parameters.max_batch_size, parameters.batch_timeout_micros / 1e6)
        count = (parameters and parameters.num_batch_threads) or threads
        self._threads = [
            threading.Thread(target=self._work, name=f"inference-{index}", daemon=True)
            for index in range(count)
        ]
        for thread in self._threads:
            thread.start()

    async def __call__(
        self, servable: Servable, signature: str, tensors: Tensors
    ) -> dict[str, npt.NDArray[Any]]:
        """All outputs of a signature, from what its engine has prepared.

        Raises:
            RequestError: The model refuses the tensors; UNAVAILABLE: too many wait.
            RuntimeError: The model failed; its error is the cause.
        """
        engine = servable.engine
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

    def _shares(self, engine: Engine, signature: str, tensors: Tensors) -> bool:
        if self._parameters is not None:
            return True
        return engine.batched(signature) and bool(rows_of(tensors))

    def _pieces(self, key: Key, tensors: Tensors, *, shares: bool) -> list[Tensors]:
        parameters = self._parameters
        if parameters is None:
            return cut(tensors, ROWS_AT_ONCE) if shares else [tensors]
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
        model = batch[0].model
        waited_s = [start - job.queued for job in batch]
        self._metrics.observe_batch(model, sum(job.rows for job in batch), waited_s)
        results = self._results(batch)
        self._metrics.observe_inference(model, time.perf_counter() - start, requests=len(batch))
        for job, result in zip(batch, results, strict=True):
            job.done(result)

    def _results(self, batch: list[Job]) -> Sequence[Outputs | Exception]:
        """The outputs for each job, or why there are none; whatever a model raises, the thread goes on."""
        try:
            return self._infer(batch)
        except RequestError as error:
            if len(batch) == 1:
                return [error]
            # Whose fault it is can't be told from a batch.
            return [result for job in batch for result in self._results([job])]
        except BaseException as error:
            _log.exception("Failed to compute %s", batch[0].model)
            failure = RuntimeError(f"Failed to compute {batch[0].model}")
            failure.__cause__ = error
            return [failure] * len(batch)

    def _infer(self, batch: list[Job]) -> list[Outputs]:
        first = batch[0]
        rows = [job.rows for job in batch]
        padding = self._padding(sum(rows)) if first.shares else 0
        outputs = first.engine.infer(first.network, join([job.tensors for job in batch], padding))
        if len(batch) == 1 and self._parameters is None:
            return [dict(outputs)]
        return split(outputs, rows, padding)

    def _padding(self, rows: int) -> int:
        sizes = self._parameters.allowed_batch_sizes if self._parameters else ()
        return next((size - rows for size in sizes if size >= rows > 0), 0)


def _deliver_to(
    loop: asyncio.AbstractEventLoop, future: asyncio.Future[Outputs]
) -> Callable[[Outputs | Exception], None]:
    def set_result(result: Outputs | Exception) -> None:
        if future.cancelled():
            return
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)

    def deliver(result: Outputs | Exception) -> None:
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
        raise invalid("Batching Run() must have at least one input tensor")
    if any(tensor.ndim == 0 for tensor in tensors.values()):
        raise invalid("Batching Run() input tensors must have at least one dimension")
    rows = rows_of(tensors)
    if rows is None:
        raise invalid("Batching Run() input tensors must have equal 0th-dimension size")
    if rows > parameters.max_batch_size and not parameters.enable_large_batch_splitting:
        raise invalid(f"Task size {rows} is larger than maximum input batch size {parameters.max_batch_size}")
