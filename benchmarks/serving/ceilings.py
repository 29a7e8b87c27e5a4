"""How fast OpenVINO and TensorFlow are without a server: what the server is held against.

    python -m benchmarks.serving.ceilings openvino MODEL_XML PRECISION PHOTO SECONDS
    python -m benchmarks.serving.ceilings tensorflow VERSION_FOLDER SECONDS

Prints JSON. OpenVINO has a stream for each core, compiled for one row as the server does it; "raw" computes
the same ready tensor again and again, "decoding" decodes the photo and finds the car anew for every row, with
a thread more.
TensorFlow computes `serving_default` in float32 on two threads, four rows at a time.
"""

from __future__ import annotations

import functools
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino

from kuzov.cars.cut_out import read_cut_out

CORES = os.cpu_count() or 1
ROUNDS = 3
TENSORFLOW_THREADS, TENSORFLOW_BATCH = 2, 4


def openvino_rates(model: Path, precision: str, photo: bytes, seconds: float) -> dict[str, float]:
    """Rows a second, raw and decoding, which take turns; milliseconds of one inference, and of decoding.

    `precision` is "int8" where the model is quantised.
    """
    shared, alone = (_compile(model, precision, streams) for streams in (CORES, 1))
    image_px = shared.input(0).shape[1]
    tensor = _cut_out(photo, image_px)
    raw = [_infer(shared, lambda: tensor) for _ in range(CORES)]
    decoding = [_infer(shared, lambda: _cut_out(photo, image_px)) for _ in range(CORES + 1)]
    turns = [[_calls_a_second(each, seconds / ROUNDS) for each in (raw, decoding)] for _ in range(ROUNDS)]
    return {
        "raw": statistics.median(turn[0] for turn in turns),
        "decoding": statistics.median(turn[1] for turn in turns),
        "inference_ms": 1000 * _median_s(_infer(alone, lambda: tensor), seconds),
        "decode_ms": 1000 * _median_s(lambda: _cut_out(photo, image_px), min(seconds, 0.5)),
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


def tensorflow_rate(folder: str, seconds: float) -> dict[str, object]:
    """Rows a second of the SavedModel, and TensorFlow's version."""
    import tensorflow as tf

    loaded = tf.saved_model.load(folder)  # which has to outlive its signature
    signature = loaded.signatures["serving_default"]
    shape = signature.structured_input_signature[1]["image"].shape[1:]
    rows = np.random.default_rng(0).uniform(0, 255, (TENSORFLOW_BATCH, *shape)).astype(np.float32)
    call = functools.partial(signature, image=tf.constant(rows))
    rate = TENSORFLOW_BATCH * _calls_a_second([call] * TENSORFLOW_THREADS, seconds)
    return {"raw": rate, "version": tf.__version__}


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


def _median_s(call: Callable[[], object], seconds: float) -> float:
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
    sys.setswitchinterval(0.0005)  # as the server does: a thread that has computed should not wait
    match sys.argv[1:]:
        case ["openvino", model, precision, photo, seconds]:
            found = openvino_rates(Path(model), precision, Path(photo).read_bytes(), float(seconds))
            print(json.dumps(found))
        case ["tensorflow", folder, seconds]:
            os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
            print(json.dumps(tensorflow_rate(folder, float(seconds))))


if __name__ == "__main__":
    main()
