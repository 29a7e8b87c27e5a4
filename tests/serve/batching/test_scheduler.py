from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from kuzov.errors import ErrorCode, RequestError
from kuzov.network import Tensors
from kuzov.serve.batching.parameters import BatchingParameters
from kuzov.serve.batching.scheduler import Scheduler
from kuzov.serve.monitoring.metrics import Metrics
from kuzov.serve.repository.servable import Servable
from tests.serve.engines import PlainEngine

RAISED = {101: ZeroDivisionError(), 102: MemoryError(), 103: StopIteration(), 104: SystemExit(1)}
"""What some numbers make the model raise; none of these is a refusal."""


@dataclass
class Doubler(PlainEngine):
    """Doubles x; notes the rows of each batch; can be held, so that work piles up behind it."""

    shares: bool = True
    batches: list[int] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)

    def batched(self, signature: str) -> bool:
        return self.shares

    def infer(self, _network: str, tensors: Tensors) -> Tensors:
        self.begun.set()
        self.gate.wait(10)
        x = tensors["x"]
        self.batches.append(len(x) if x.ndim else 0)
        if (x < 0).any():
            raise RequestError(ErrorCode.INVALID, "x is negative")
        if (x > 100).any():
            raise RAISED[x.max()]
        return {"y": x * 2}

    def finish(self, signature: str, outputs: Tensors) -> dict[str, Any]:
        return {signature: outputs["y"]}


class Notes(Metrics):
    """What the scheduler tells of its work."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[tuple[str, int, int]] = []
        self.inferences = 0

    def observe_batch(self, model: str, rows: int, waited_s: Sequence[float]) -> None:
        assert all(each >= 0 for each in waited_s)
        self.batches.append((model, rows, len(waited_s)))

    def observe_inference(self, model: str, seconds: float, *, requests: int = 1) -> None:
        assert (model, seconds >= 0, requests >= 1) == ("m", True, True)
        self.inferences += 1


@pytest.fixture
def engine() -> Doubler:
    return Doubler()


@pytest.fixture
def notes() -> Notes:
    return Notes()


Ask = Callable[..., list[Any]]


@pytest.fixture
def parameters(monkeypatch: pytest.MonkeyPatch) -> BatchingParameters | None:
    """None: kuzov's own rule, here with four rows at once."""
    monkeypatch.setattr("kuzov.serve.batching.scheduler.ROWS_AT_ONCE", 4)
    return None


@pytest.fixture
def ask(engine: Doubler, notes: Notes, parameters: BatchingParameters | None) -> Iterator[Ask]:
    """Sends requests at once and gathers their answers; the first is under way before the others come."""

    async def gather(scheduler: Scheduler, requests: Sequence[Any]) -> list[Any]:
        servable = Servable(name="m", version=1, engine=engine, card=None)
        tensors = [{"x": x if isinstance(x, np.ndarray) else np.array(x, np.float32)} for x in requests]
        first = asyncio.create_task(scheduler(servable, "s", tensors[0]))
        await asyncio.to_thread(engine.begun.wait, 10)
        others = [asyncio.create_task(scheduler(servable, "s", each)) for each in tensors[1:]]
        await asyncio.sleep(0.01)
        engine.gate.set()
        async with asyncio.timeout(10):
            answers: list[Any] = await asyncio.gather(first, *others, return_exceptions=True)
        return answers

    scheduler = Scheduler(notes, parameters=parameters)
    yield lambda *requests: asyncio.run(gather(scheduler, requests))
    scheduler.close()


def values(answers: list[Any]) -> list[Any]:
    return [answer if isinstance(answer, Exception) else answer["s"].tolist() for answer in answers]


def test_requests_that_wait_are_computed_together(ask: Ask, engine: Doubler, notes: Notes) -> None:
    assert values(ask([1], [2], [3, 4], [5])) == [[2], [4], [6, 8], [10]]
    assert engine.batches == [1, 4]
    assert notes.batches == [("m", 1, 1), ("m", 4, 3)]
    assert notes.inferences == 2


def test_a_large_request_is_computed_in_pieces(ask: Ask, engine: Doubler) -> None:
    assert values(ask(list(range(10)), [10])) == [[2 * each for each in range(10)], [20]]
    assert max(engine.batches) == 4
    assert sum(engine.batches) == 11


def test_an_empty_request_goes_alone(ask: Ask) -> None:
    assert values(ask([1], [], [2])) == [[2], [], [4]]


def test_a_network_without_batches_computes_each_alone(ask: Ask, engine: Doubler) -> None:
    engine.shares = False
    assert values(ask(1.0, [2, 3, 4, 5, 6], [7])) == [2.0, [4, 6, 8, 10, 12], [14]]
    assert engine.batches == [0, 5, 1]


def test_a_bad_row_fails_its_own_request_alone(ask: Ask) -> None:
    good, bad, other = ask([1], [-1], [2])[0:3]
    assert (good["s"].tolist(), other["s"].tolist()) == ([2], [4])
    assert isinstance(bad, RequestError)
    assert str(bad) == "x is negative"


@pytest.mark.parametrize("x", RAISED)
def test_an_unexpected_failure_reaches_those_who_wait(
    ask: Ask, caplog: pytest.LogCaptureFixture, x: int
) -> None:
    answers = ask([1], [x])
    assert answers[0]["s"].tolist() == [2]
    assert isinstance(answers[1], RuntimeError)
    assert answers[1].__cause__ is RAISED[x]
    assert "Failed to compute m" in caplog.text


@pytest.mark.parametrize("x", RAISED)
def test_a_failure_of_rows_that_are_tried_alone_ends_no_thread(ask: Ask, x: int) -> None:
    # The batch is refused for the sake of -1; then each is tried alone, and one of them fails otherwise.
    refused, failed, answered = ask([1], [-1], [x], [2])[1:]
    assert isinstance(refused, RequestError)
    assert isinstance(failed, RuntimeError)
    assert answered["s"].tolist() == [4]


def test_work_that_does_not_end_is_left_to_itself(
    engine: Doubler, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kuzov.serve.batching.scheduler.CLOSE_GRACE_S", 0.01)

    async def ask_and_leave(scheduler: Scheduler) -> None:
        servable = Servable(name="m", version=1, engine=engine, card=None)
        asking = asyncio.create_task(scheduler(servable, "s", {"x": np.zeros(1, np.float32)}))
        await asyncio.to_thread(engine.begun.wait, 10)
        asking.cancel()

    scheduler = Scheduler(notes)
    asyncio.run(ask_and_leave(scheduler))
    scheduler.close()
    assert engine.batches == []
    engine.gate.set()


def test_work_that_nobody_waits_for_is_dropped(engine: Doubler, notes: Notes) -> None:
    async def cancel_the_second(scheduler: Scheduler) -> list[Any]:
        servable = Servable(name="m", version=1, engine=engine, card=None)
        first = asyncio.create_task(scheduler(servable, "s", {"x": np.ones(1, np.float32)}))
        await asyncio.to_thread(engine.begun.wait, 10)
        second = asyncio.create_task(scheduler(servable, "s", {"x": np.ones(3, np.float32)}))
        await asyncio.sleep(0.01)
        second.cancel()
        await asyncio.sleep(0)
        engine.gate.set()
        answers: list[Any] = await asyncio.gather(first, second, return_exceptions=True)
        return answers

    scheduler = Scheduler(notes)
    answers = asyncio.run(cancel_the_second(scheduler))
    scheduler.close()
    assert isinstance(answers[1], asyncio.CancelledError)
    assert engine.batches == [1]


class TestParameters:
    """Batching by TensorFlow Serving's rules, for every signature."""

    @pytest.fixture
    def parameters(self) -> BatchingParameters:
        return BatchingParameters(
            max_batch_size=4, max_enqueued_batches=1, num_batch_threads=1, allowed_batch_sizes=(2, 4)
        )

    def test_batches_are_padded_to_an_allowed_size(self, ask: Ask, engine: Doubler, notes: Notes) -> None:
        engine.shares = False
        assert values(ask([1], [2, 3], [4])) == [[2], [4, 6], [8]]
        assert engine.batches == [2, 4]
        assert notes.batches == [("m", 1, 1), ("m", 3, 2)]

    @pytest.mark.parametrize(
        ("x", "error"),
        [
            (np.float32(1), "Batching Run() input tensors must have at least one dimension"),
            ([1] * 5, "Task size 5 is larger than maximum input batch size 4"),
        ],
    )
    def test_requests_that_can_not_be_batched(self, ask: Ask, x: Any, error: str) -> None:
        answer = ask([1], x)[1]
        assert isinstance(answer, RequestError)
        assert (answer.code, str(answer)) == (ErrorCode.INVALID, error)

    def test_an_empty_request(self, ask: Ask) -> None:
        assert values(ask([1], []))[1] == []

    def test_a_full_queue_refuses(self, ask: Ask) -> None:
        answers = ask([1], [1] * 4, [1])
        assert isinstance(answers[2], RequestError)
        assert answers[2].code is ErrorCode.UNAVAILABLE
        assert str(answers[2]) == "The batch scheduling queue to which this task was submitted is full"


class TestSplitting:
    """Batching by TensorFlow Serving's rules, where a large request is cut up."""

    @pytest.fixture
    def parameters(self) -> BatchingParameters:
        return BatchingParameters(max_batch_size=4, num_batch_threads=1, enable_large_batch_splitting=True)

    def test_a_large_request_is_computed_in_pieces(self, ask: Ask, engine: Doubler) -> None:
        assert values(ask([1], list(range(10)))) == [[2], [2 * each for each in range(10)]]
        assert engine.batches == [1, 4, 4, 2]
