"""What a larger network or a larger image costs: time and bytes, side by side in one run."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from benchmarks.markdown import table
from kuzov.model.backbones import Backbone
from kuzov.model.efficientnet_lite import efficientnet_lite
from kuzov.training.features import feature_network

ROUNDS, CALLS = 15, 12


@dataclass(frozen=True, slots=True)
class Candidate:
    """A network at an image size."""

    name: str
    width: float
    depth: float
    image_px: int


CANDIDATES = (
    Candidate("Lite0", 1.0, 1.0, 224),
    Candidate("Lite0", 1.0, 1.0, 256),
    Candidate("Lite1", 1.0, 1.1, 240),
    Candidate("Lite2", 1.1, 1.2, 224),
    Candidate("Lite2", 1.1, 1.2, 260),
)


def compare_sizes() -> str:
    """A Markdown table: milliseconds of one photo by OpenVINO in float32, against Lite0 at 224 pixels."""
    calls, megabytes = [], []
    for candidate in CANDIDATES:
        model = efficientnet_lite(
            width=candidate.width, depth=candidate.depth, image_px=candidate.image_px, name="backbone"
        )
        megabytes.append(model.count_params() * 2 / 1e6)
        build = functools.partial(_as_is, model)
        network = feature_network(Backbone(name=candidate.name, image_px=candidate.image_px, build=build))
        shape = (1, candidate.image_px, candidate.image_px, 3)
        image = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
        calls.append(functools.partial(network, {"image": image}))
    seconds = _interleaved(calls)
    return table(
        ["network", "pixels", "ms a photo", "against Lite0 at 224", "MB in float16"],
        [
            [each.name, str(each.image_px), f"{1000 * taken:.2f}", f"{taken / seconds[0]:.2f}", f"{size:.1f}"]
            for each, taken, size in zip(CANDIDATES, seconds, megabytes, strict=True)
        ],
    )


def _as_is(model: keras.Model) -> keras.Model:
    return model


def _interleaved(calls: Sequence[Callable[[], object]]) -> list[float]:
    """Median seconds a call; the candidates take turns, so that the machine's moods meet them alike."""
    found: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for call, seconds in zip(calls, found, strict=True):
            call()
            started = time.perf_counter()
            for _ in range(CALLS):
                call()
            seconds.append((time.perf_counter() - started) / CALLS)
    return [statistics.median(each) for each in found]


if __name__ == "__main__":
    print(compare_sizes())
