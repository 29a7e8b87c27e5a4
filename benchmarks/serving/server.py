"""What `kuzov serve` does under load: rates, waiting times, start and memory."""

from __future__ import annotations

import http.client
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import Server, kuzov_serve
from benchmarks.serving.load import Load
from benchmarks.serving.process import put_load
from benchmarks.serving.questions import GRPC_TENSOR, NAME, Exam
from benchmarks.serving.rows import Durations, Row, best, measure

CLIENTS = (1, 4, 16, 64)
OPEN_LOOP_CLIENTS, MEMORY_CLIENTS = 32, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything that is measured of the server.

    Attributes:
        rows: Each question by as many clients, who ask anew as soon as they are answered.
        half_load: By the requests a second that fall due, half of the highest rate: the waiting times.
        memory_mb: Resident memory by the number of requests before, in `precision`.
        start_s: From the start of the process to its first answer, median, in `precision`.
        precision: The fastest that this machine has.
    """

    rows: Sequence[Row]
    half_load: Mapping[float, Row]
    memory_mb: Mapping[int, float]
    start_s: float
    precision: str


def measure_server(model: Path, precisions: Sequence[str], exam: Exam, durations: Durations) -> Figures:
    """Measure it all, and tell on stderr how it goes."""
    rows: list[Row] = []
    half_load = {}
    for precision in precisions:
        with kuzov_serve(model, precision) as server:
            for row in _rows(server, precision, exam, durations):
                rows.append(row)
                figure = row.error or f"{row.rate:.1f}/s"
                print(f"{row.what}, {precision}, {row.clients} clients: {figure}", file=sys.stderr)
            rate = best(rows, GRPC_TENSOR, precision).rate / 2
            half_load[rate] = _half_load(server, precision, rate, exam, durations)
    fastest = precisions[-1]
    return Figures(
        rows=rows,
        half_load=half_load,
        memory_mb=dict(_memory(model, fastest, exam, durations)),
        start_s=statistics.median(_start_s(model, fastest, exam) for _ in range(durations.starts)),
        precision=fastest,
    )


def _rows(server: Server, precision: str, exam: Exam, durations: Durations) -> Iterator[Row]:
    for name, question in exam.questions.items():
        request = question.to(server.rpc_port, server.rest_port)
        for clients in CLIENTS:
            load = Load(requests=[request], clients=clients, seconds=durations.row_s, warm_s=durations.warm_s)
            yield measure(name, precision, question, load)


def _half_load(server: Server, precision: str, rate: float, exam: Exam, durations: Durations) -> Row:
    question = exam.questions[GRPC_TENSOR]
    load = Load(
        requests=[question.to(server.rpc_port, server.rest_port)],
        clients=OPEN_LOOP_CLIENTS,
        seconds=durations.open_s,
        warm_s=durations.warm_s,
        rate=rate,
    )
    return measure(GRPC_TENSOR, precision, question, load)


def _memory(model: Path, precision: str, exam: Exam, durations: Durations) -> Iterator[tuple[int, float]]:
    asked = 0
    with kuzov_serve(model, precision) as server:
        requests = [each.to(server.rpc_port, server.rest_port) for each in exam.questions.values()]
        for count in durations.memory:
            result = put_load(Load(requests=requests, clients=MEMORY_CLIENTS, count=count - asked))
            if result.failed:
                raise RuntimeError(f"{result.failed} of {count - asked} requests failed")
            asked = count
            yield count, server.resident_mb()


def _start_s(model: Path, precision: str, exam: Exam) -> float:
    start = time.monotonic()
    with kuzov_serve(model, precision) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.rest_port)
        path, headers = f"/v1/models/{NAME}:predict", {"Content-Type": "image/jpeg"}
        connection.request("POST", path, exam.photo.read_bytes(), headers)
        answer = connection.getresponse()
        answer.read()
        seconds = time.monotonic() - start
        connection.close()
    if answer.status != http.client.OK:
        raise RuntimeError(f"The first answer has status {answer.status}.")
    return seconds
