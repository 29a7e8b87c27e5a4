"""How fast OpenVINO alone is, in this process, without a server: what the server is held against.

    python -m benchmarks.serving.ceilings MODEL_XML PRECISION PHOTO SECONDS

Prints JSON. "Raw" computes the same ready tensor again and again; "decoding" decodes the photo anew for
every row, on threads that take turns in decoding and computing.
"""

from __future__ import annotations

import functools
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openvino

from kuzov.engine.photo_input import decode_photos

ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How many threads call, how many calls are computed at a time, and how many rows a call has.

    `fixed`: whether the network was compiled for one row of a fixed size, or for any number of rows.
    """

    streams: int
    callers: int
    batch: int
    fixed: bool = False

    def __str__(self) -> str:
        streams = "1 stream" if self.streams == 1 else f"{self.streams} streams"
        callers = "1 thread" if self.callers == 1 else f"{self.callers} threads"
        return f"{streams}, {callers}, {'one row, fixed' if self.fixed else f'batch {self.batch}'}"


RAW = (
    Arrangement(1, 1, 1, fixed=True),
    Arrangement(2, 2, 1, fixed=True),
    *[Arrangement(1, 1, batch) for batch in (1, 2, 4, 8)],
    *[Arrangement(1, 2, batch) for batch in (1, 4)],
    *[Arrangement(2, 2, batch) for batch in (1, 4)],
)
DECODING = (
    Arrangement(1, 2, 1, fixed=True),
    *[Arrangement(2, callers, 1, fixed=True) for callers in (2, 3)],
    *[Arrangement(1, 2, batch) for batch in (1, 2, 4)],
    *[Arrangement(2, 2, batch) for batch in (1, 4)],
    Arrangement(2, 3, 1),
)


def measure(model: Path, precision: str, photo: bytes, seconds: float) -> dict[str, Any]:
    """Rates in rows a second, by arrangement, and the time of one inference; `seconds` for each."""
    compiled = {
        (streams, fixed): _compile(model, precision, streams, fixed=fixed)
        for streams in (1, 2)
        for fixed in (False, True)
    }
    image_px = compiled[1, False].inputs[0].get_partial_shape()[1].get_length()
    tensors = {
        batch: np.repeat(decode_photos([photo], image_px), batch, axis=0)
        for batch in {each.batch for each in RAW}
    }

    def ready(batch: int) -> np.ndarray[Any, Any]:
        return tensors[batch]

    def decoded(batch: int) -> np.ndarray[Any, Any]:
        return decode_photos([photo] * batch, image_px)

    return {
        "precision": precision,
        "inference_ms": 1000 * median_time(_infer(compiled[1, True], lambda: ready(1)), seconds),
        "decode_ms": 1000 * median_time(lambda: decoded(1), min(seconds, 0.5)),
        "raw": _rates(compiled, RAW, ready, seconds),
        "decoding": _rates(compiled, DECODING, decoded, seconds),
    }


def _compile(model: Path, precision: str, streams: int, *, fixed: bool) -> Any:
    """As `kuzov.engine.network` compiles it."""
    options = {
        "INFERENCE_PRECISION_HINT": "f32" if precision == "int8" else precision,
        "INFERENCE_NUM_THREADS": 0,
        "NUM_STREAMS": streams,
    }
    network = openvino.Core().read_model(str(model))
    if fixed:
        network.reshape([1, *(size.get_length() for size in list(network.input(0).get_partial_shape())[1:])])
    return openvino.Core().compile_model(network, "CPU", options)


def _infer(compiled: Any, images: Callable[[], np.ndarray[Any, Any]]) -> Callable[[], None]:
    request = compiled.create_infer_request()
    return lambda: request.infer({"image": images()}, share_inputs=True, share_outputs=True)


def _rates(
    compiled: dict[tuple[int, bool], Any],
    arrangements: Sequence[Arrangement],
    images: Callable[[int], np.ndarray[Any, Any]],
    seconds: float,
) -> dict[str, float]:
    calls = {
        str(each): (
            [
                _infer(compiled[each.streams, each.fixed], functools.partial(images, each.batch))
                for _ in range(each.callers)
            ],
            each.batch,
        )
        for each in arrangements
    }
    return interleaved_rates(calls, seconds)


def interleaved_rates(
    calls: Mapping[str, tuple[Sequence[Callable[[], object]], int]], seconds: float
) -> dict[str, float]:
    """Rows a second of several ways to compute. They take turns, so that the machine's moods meet all alike.

    Args:
        calls: By name: for each thread what it calls, and how many rows a call computes.
        seconds: For each way, all its turns together.
    """
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, (callers, rows) in calls.items():
            found[name].append(rows * _calls_a_second(callers, seconds / ROUNDS))
    return {name: statistics.median(rates) for name, rates in found.items()}


def _calls_a_second(callers: Sequence[Callable[[], object]], seconds: float) -> float:
    counts = [0] * len(callers)
    for call in callers:
        call()
    start = time.perf_counter()

    def work(index: int) -> None:
        while time.perf_counter() - start < seconds:
            callers[index]()
            counts[index] += 1

    threads = [threading.Thread(target=work, args=(index,)) for index in range(1, len(callers))]
    for thread in threads:
        thread.start()
    work(0)
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - start)


def median_time(call: Callable[[], object], seconds: float) -> float:
    """Seconds that half of the calls take no longer than."""
    for _ in range(3):
        call()
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    """Print the rates."""
    model, precision, photo, seconds = sys.argv[1:]
    sys.setswitchinterval(0.0005)  # as the server does: a thread that has computed should not wait
    found = measure(Path(model), precision, Path(photo).read_bytes(), float(seconds))
    print(json.dumps({**found, "cores": os.cpu_count(), "openvino": openvino.__version__}))


if __name__ == "__main__":
    main()
