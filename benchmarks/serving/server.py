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
from benchmarks.serving.process import ceilings, put_load
from benchmarks.serving.questions import NAME, Exam
from benchmarks.serving.rows import Durations, Row, measure
from benchmarks.serving.turns import Turn, take_turns
from kuzov.bundle.layout import OPENVINO_INT8_MODEL, OPENVINO_MODEL, resolve

CLIENTS = (1, 4, 16, 64)
MEMORY_CLIENTS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything that is measured of the server.

    Attributes:
        rows: Each question by as many clients, who ask anew as soon as they are answered.
        turns: By precision, as `take_turns` measures them.
        memory_mb: Resident memory by the number of requests before, in `precision`.
        start_s: From the start of the process to its first answer, median, in `precision`.
        precision: The fastest that this machine has.
    """

    rows: Sequence[Row]
    turns: Mapping[str, Sequence[Turn]]
    memory_mb: Mapping[int, float]
    start_s: float
    precision: str


def measure_server(model: Path, precisions: Sequence[str], exam: Exam, durations: Durations) -> Figures:
    """Measure it all, and tell on stderr how it goes."""
    version_dir = resolve(model)
    rows: list[Row] = []
    turns = {}
    with ceilings("tensorflow", version_dir) as tensorflow:
        for precision in precisions:
            form = version_dir / (OPENVINO_INT8_MODEL if precision == "int8" else OPENVINO_MODEL)
            with (
                ceilings("openvino", form, precision, exam.photo) as openvino,
                kuzov_serve(model, precision) as server,
            ):
                turns[precision] = take_turns(server, precision, openvino, tensorflow, exam, durations)
                for row in _rows(server, precision, exam, durations):
                    rows.append(row)
                    figure = row.error or f"{row.rate:.1f}/s"
                    print(f"{row.what}, {precision}, {row.clients} clients: {figure}", file=sys.stderr)
    fastest = precisions[-1]
    return Figures(
        rows=rows,
        turns=turns,
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
