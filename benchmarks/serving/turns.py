"""The server and what it is held against, measured in turns: a machine is not as fast in every minute."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.process import Server
from benchmarks.serving.load import Load
from benchmarks.serving.process import Bursts
from benchmarks.serving.questions import GRPC_TENSOR, REST_JSON, REST_PHOTO, Exam
from benchmarks.serving.rows import Durations, Row, measure

CLIENTS, OPEN_LOOP_CLIENTS = 16, 32
OPENVINO, DECODING, TENSORFLOW = "OpenVINO alone", "OpenVINO with decoding", "TensorFlow alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Everything once, within some seconds.

    Attributes:
        ceilings: Rows a second without a server, by OPENVINO, DECODING, TENSORFLOW.
        inference_ms: One inference alone, on all cores.
        decode_ms: Decoding the photo and finding its car, on one.
        server: The questions of the aims, asked by CLIENTS.
        half_load: GRPC_TENSOR at half of the rate that it had just before, evenly spaced.
    """

    ceilings: Mapping[str, float]
    inference_ms: float
    decode_ms: float
    server: Mapping[str, Row]
    half_load: Row


def take_turns(
    server: Server, precision: str, openvino: Bursts, tensorflow: Bursts, exam: Exam, durations: Durations
) -> list[Turn]:
    """Measure so many turns, and tell on stderr how it goes.

    Raises:
        RuntimeError: The server gives wrong answers, or none.
    """
    turns = []
    for number in range(durations.turns):
        turns.append(_turn(server, precision, openvino, tensorflow, exam, durations))
        print(f"turn {number + 1} of {durations.turns} in {precision}", file=sys.stderr)
    return turns


def _turn(
    server: Server, precision: str, openvino: Bursts, tensorflow: Bursts, exam: Exam, durations: Durations
) -> Turn:
    def ask(what: str, clients: int, *, seconds: float, rate: float = 0.0) -> Row:
        question = exam.questions[what]
        load = Load(
            requests=[question.to(server.rpc_port, server.rest_port)],
            clients=clients,
            seconds=seconds,
            warm_s=durations.warm_s,
            rate=rate,
        )
        row = measure(what, precision, question, load)
        if row.error:
            raise RuntimeError(f"{what}: {row.error}")
        return row

    # Each next to what it is held against.
    raw = openvino.measure("raw", durations.ceiling_s)
    tensor = ask(GRPC_TENSOR, CLIENTS, seconds=durations.row_s)
    alone = tensorflow.measure("raw", durations.ceiling_s)
    array = ask(REST_JSON, CLIENTS, seconds=durations.row_s)
    photo = ask(REST_PHOTO, CLIENTS, seconds=durations.row_s)
    decoding = openvino.measure("decoding", durations.ceiling_s)
    inference_ms = openvino.measure("inference_ms", durations.ceiling_s / 2)
    half_load = ask(GRPC_TENSOR, OPEN_LOOP_CLIENTS, seconds=durations.open_s, rate=tensor.rate / 2)
    return Turn(
        ceilings={OPENVINO: raw, DECODING: decoding, TENSORFLOW: alone},
        inference_ms=inference_ms,
        decode_ms=openvino.measure("decode_ms", durations.ceiling_s / 2),
        server={GRPC_TENSOR: tensor, REST_JSON: array, REST_PHOTO: photo},
        half_load=half_load,
    )
