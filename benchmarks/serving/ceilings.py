"""How fast OpenVINO and TensorFlow are without a server: what the server is held against.

    python -m benchmarks.serving.ceilings openvino MODEL_XML PRECISION PHOTO
    python -m benchmarks.serving.ceilings tensorflow VERSION_FOLDER

A line on stdin, such as "raw 1.5", asks for a measurement of so many seconds; a line on stdout is its result.
So the server and what it is held against can be measured in turns.

OpenVINO has a stream for each core, compiled for one row as the server does it; "raw" computes the same ready
tensor again and again, "decoding" decodes the photo and finds the car anew for every row, with a thread more.
TensorFlow computes `serving_default` in float32 on two threads, four rows at a time.
"""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import openvino

from kuzov.cars.cut_out import read_cut_out

CORES = os.cpu_count() or 1
TENSORFLOW_THREADS, TENSORFLOW_BATCH = 2, 4


Burst = Callable[[float], float]
"""Measures for so many seconds."""


def openvino_bursts(model: Path, precision: str, photo: bytes) -> dict[str, Burst]:
    """Rows a second, raw and decoding; milliseconds of one inference, and of decoding.

    `precision` is "int8" where the model is quantised.
    """
    shared, alone = (_compile(model, precision, streams) for streams in (CORES, 1))
    image_px = shared.input(0).shape[1]
    tensor = _cut_out(photo, image_px)
    raw = [_infer(shared, lambda: tensor) for _ in range(CORES)]
    decoding = [_infer(shared, lambda: _cut_out(photo, image_px)) for _ in range(CORES + 1)]
    return {
        "raw": partial(_calls_a_second, raw),
        "decoding": partial(_calls_a_second, decoding),
        "inference_ms": partial(_median_ms, _infer(alone, lambda: tensor)),
        "decode_ms": partial(_median_ms, lambda: _cut_out(photo, image_px)),
    }


def _compile(model: Path, precision: str, streams: int) -> Any:
    """As `kuzov.network` compiles it."""
    hint = "f32" if precision == "int8" else precision  # of what a quantised network leaves in float
    options = {"INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": 0, "NUM_STREAMS": streams}
    network = openvino.Core().read_model(str(model))
    network.reshape([1, *(size.get_length() for size in list(network.input(0).get_partial_shape())[1:])])
    return openvino.Core().compile_model(network, "CPU", options)


def _infer(compiled: Any, images: Callable[[], np.ndarray[Any, Any]]) -> Callable[[], object]:
    request = compiled.create_infer_request()
    return lambda: request.infer({"image": images()}, share_inputs=True, share_outputs=True)


def tensorflow_bursts(folder: str) -> dict[str, Burst]:
    """Rows a second of the SavedModel."""
    import tensorflow as tf

    loaded = tf.saved_model.load(folder)  # which has to outlive its signature
    signature = loaded.signatures["serving_default"]
    shape = signature.structured_input_signature[1]["image"].shape[1:]
    rows = np.random.default_rng(0).uniform(0, 255, (TENSORFLOW_BATCH, *shape)).astype(np.float32)
    call = partial(signature, image=tf.constant(rows))

    def raw(seconds: float, _outlives: object = loaded) -> float:
        return TENSORFLOW_BATCH * _calls_a_second([call] * TENSORFLOW_THREADS, seconds)

    return {"raw": raw}


def _calls_a_second(callers: Sequence[Callable[[], object]], seconds: float) -> float:
    """Of all callers together, each on a thread of its own."""
    counts = [0] * len(callers)
    for call in callers:
        call()
    start = time.perf_counter()

    def work(index: int) -> None:
        while time.perf_counter() - start < seconds:
            callers[index]()
            counts[index] += 1

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(callers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - start)


def _cut_out(photo: bytes, image_px: int) -> np.ndarray[Any, Any]:
    return read_cut_out(photo, image_px).pixels[np.newaxis].astype(np.float32)


def _median_ms(call: Callable[[], object], seconds: float) -> float:
    """Milliseconds that half of the calls take no longer than."""
    for _ in range(3):
        call()
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def main() -> None:
    """Measure what each line asks for, and print it."""
    sys.setswitchinterval(0.0005)  # as the server does: a thread that has computed should not wait
    match sys.argv[1:]:
        case ["openvino", model, precision, photo]:
            bursts = openvino_bursts(Path(model), precision, Path(photo).read_bytes())
        case ["tensorflow", folder]:
            os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
            bursts = tensorflow_bursts(folder)
    for line in sys.stdin:
        name, seconds = line.split()
        print(bursts[name](float(seconds)), flush=True)


if __name__ == "__main__":
    main()
