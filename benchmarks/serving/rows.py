"""One row of the tables: a question, asked in one way, and how fast it was answered."""

from __future__ import annotations

import os
from dataclasses import dataclass

from benchmarks.serving.load import Load, Result
from benchmarks.serving.process import bodies, put_load
from benchmarks.serving.questions import Question

CORES = os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """How long everything is measured.

    Attributes:
        turns: How often the server and what it is held against take turns.
        ceiling_s: A way to compute without a server, each turn.
        row_s: A row, after `warm_s`.
        warm_s: Before a row is measured.
        open_s: The open loop, each turn.
        starts: How often the server is started.
        memory: Requests after which the memory is read.
    """

    turns: int = 7
    ceiling_s: float = 1.0
    row_s: float = 1.5
    warm_s: float = 0.5
    open_s: float = 4.0
    starts: int = 5
    memory: tuple[int, ...] = (1000, 5000, 10_000)


QUICK = Durations(turns=1, ceiling_s=0.3, row_s=0.6, warm_s=0.2, open_s=3.0, starts=1, memory=(100, 200, 400))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was measured.

    Attributes:
        what: The question's name.
        precision: What the model was computed in.
        clients: Connections, each asking one request at a time.
        rate: Answers a second, as measured.
        net_rate: The same with the load tool's share of the cores counted out.
        load_ms: Processor time that asking took, milliseconds a request.
        median_ms: Half of the answers took no longer.
        p99_ms: 99 of 100 answers took no longer.
        error: What went wrong; the figures then count for nothing.
    """

    what: str
    precision: str
    clients: int
    rate: float = 0.0
    net_rate: float = 0.0
    load_ms: float = 0.0
    median_ms: float = 0.0
    p99_ms: float = 0.0
    error: str = ""


def measure(what: str, precision: str, question: Question, load: Load) -> Row:
    """Put the load on the server that it names."""
    try:
        result = put_load(load)
    except RuntimeError as error:
        return Row(what=what, precision=precision, clients=load.clients, error=str(error))
    rate, share = result.answered / result.seconds, result.cpu_s / (result.seconds * CORES)
    return Row(
        what=what,
        precision=precision,
        clients=load.clients,
        rate=rate,
        net_rate=rate / (1 - share),
        load_ms=1000 * result.cpu_s / max(1, result.answered),
        median_ms=1000 * result.median_s,
        p99_ms=1000 * result.p99_s,
        error=_mistake(result, question),
    )


def _mistake(result: Result, question: Question) -> str:
    """What is wrong with the answers; empty if nothing."""
    answers = bodies(result)
    if result.failed:
        first = answers[0][:200].decode(errors="replace")
        return f"{result.failed} of {result.failed + result.answered} failed: {first}"
    if not result.answered:
        return "no answer in time"
    wrong = sum(not question.is_right(answer) for answer in answers)
    return f"{wrong} of {len(answers)} sampled answers name another class" if wrong else ""
