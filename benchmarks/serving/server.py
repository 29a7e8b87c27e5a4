"""What `kuzov serve` does under load: rates, waiting times, start and memory."""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.process import Server, kuzov_serve
from benchmarks.serving.load import Load
from benchmarks.serving.process import put_load
from benchmarks.serving.questions import GRPC_TENSOR, NAME, Exam
from benchmarks.serving.rows import CLIENTS, Durations, Row, best, closed_loop, mistake

Say = Callable[[str], None]
OPEN_LOOP_CLIENTS, MEMORY_CLIENTS = 32, 16


def measure(
    model: Path, precisions: Sequence[str], exam: Exam, durations: Durations, say: Say
) -> dict[str, Any]:
    """Everything that is measured of the server; `say` is told how it goes."""
    rows: list[Row] = []
    half_load = []
    for precision in precisions:
        with kuzov_serve(model, precision) as server:
            for row in _rows(server, precision, exam, durations):
                rows.append(row)
                say(f"{row.what}, {precision}, {row.clients} clients: {row.error or f'{row.rate:.1f}/s'}")
            top = best(rows, GRPC_TENSOR, precision)
            if top is not None:
                half_load.append(_half_load(server, top, exam, durations))
                say(f"half load, {precision}: {half_load[-1]}")
    served = "bf16" if "bf16" in precisions else "f32"
    memory: dict[str, float] = {}
    try:
        memory = _memory(model, served, exam, durations)
        say(f"memory, {served}: {memory}")
    except RuntimeError as error:
        say(f"memory, {served}: {error}")
    starts = [_start_s(model, served, exam) for _ in range(durations.starts)]
    say(f"start: {statistics.median(starts):.2f} s")
    return {
        "rows": [asdict(row) for row in rows],
        "half_load": half_load,
        "memory": {"precision": served, "resident_mb": memory},
        "start": {"precision": served, "seconds": statistics.median(starts), "runs": len(starts)},
    }


def _rows(server: Server, precision: str, exam: Exam, durations: Durations) -> Iterator[Row]:
    for name, question in exam.questions.items():
        request = question.to(server.rpc_port, server.rest_port)
        for clients in CLIENTS:
            yield closed_loop(name, precision, question, request, clients, durations)


def _half_load(server: Server, top: Row, exam: Exam, durations: Durations) -> dict[str, Any]:
    """Waiting times where requests come evenly, half as many as can be answered."""
    question = exam.questions[GRPC_TENSOR]
    load = Load(
        requests=[question.to(server.rpc_port, server.rest_port)],
        clients=OPEN_LOOP_CLIENTS,
        seconds=durations.open_s,
        warm_s=durations.warm_s,
        rate=top.rate / 2,
    )
    try:
        result = put_load(load)
    except RuntimeError as error:
        return {"precision": top.precision, "error": str(error)}
    return {
        "precision": top.precision,
        "rate": load.rate,
        "answered_rate": result.answered / result.seconds,
        "median_ms": 1000 * result.median_s,
        "p99_ms": 1000 * result.p99_s,
        "error": mistake(result, question),
    }


def _memory(model: Path, precision: str, exam: Exam, durations: Durations) -> dict[str, float]:
    """Resident megabytes after so many requests of all kinds."""
    found, asked = {}, 0
    with kuzov_serve(model, precision) as server:
        requests = [each.to(server.rpc_port, server.rest_port) for each in exam.questions.values()]
        for count in durations.memory:
            result = put_load(Load(requests=requests, clients=MEMORY_CLIENTS, count=count - asked))
            if result.failed:
                raise RuntimeError(f"{result.failed} of {count - asked} requests failed")
            asked = count
            found[str(count)] = server.resident_mb()
    return found


def _start_s(model: Path, precision: str, exam: Exam) -> float:
    """Seconds from the start of the process to its first answer."""
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
