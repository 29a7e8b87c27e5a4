"""Measure how true heat maps are, by the deletion curve, and how long they take.

    python -m benchmarks.saliency
    python -m benchmarks.saliency --framing middle    # of the photos' middle, not of the car cut out

Squares of 16 pixels of what the network sees are greyed out, the hottest first; told is the probability that
is left of its answer, averaged over 5, 10, …, 70 % of the squares and over the 45 validation photos of
russian-cars-5: the lower, the truer the map. After Petsiuk et al. 2018, arXiv 1806.07421, with squares in
place of pixels: single grey pixels are noise of a kind that no photo has, and a network would be judged by
how it takes that. Times are medians of one map and of one inference, in float32, in the same run. Prints a
Markdown table for the ready model; needs kuzov[fine-tune] for two of the methods.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.markdown import table
from benchmarks.photos import shared_data
from kuzov.bundle.layout import resolve
from kuzov.bundle.ready import ready_model
from kuzov.cars.cut_out import read_cut_out
from kuzov.engine.openvino import load
from kuzov.explain.explainer import Explainer
from kuzov.explain.feature_maps import Array
from kuzov.explain.methods import METHODS
from kuzov.images.framing import Pixels

SQUARE_PX = 16
GREYED_PARTS = tuple(percent / 100 for percent in range(5, 71, 5))

Recognise = Callable[[Array], Array]
"""Images (N, px, px, 3) to probabilities (N, C)."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure how true heat maps are, and how long they take.")
    parser.add_argument("--framing", choices=("car", "middle", "whole"), default="car")
    framing = parser.parse_args().framing
    explainer, engine = Explainer.load(ready_model()), load(resolve(ready_model()), "f32")

    def recognise(images: Array) -> Array:
        return engine.recognise(images)["probabilities"]

    photos = sorted((shared_data("russian-cars-5") / "validation").glob("*/*"))
    frames = [read_cut_out(photo, explainer.card.image_px, framing).pixels for photo in photos]
    _, inference_s = _timed(lambda frame: recognise(frame[np.newaxis].astype(np.float32)), frames)
    rows = [
        ["in random order", f"{probability_left(recognise, frames, in_random_order(frames)):.2f}", "", ""]
    ]
    for method in METHODS:
        explainer.explain_frame(frames[0], method=method)  # what is loaded at the first
        heats, seconds = _timed(partial(explainer.explain_frame, method=method), frames)
        left = probability_left(recognise, frames, heats)
        rows.append([method, f"{left:.2f}", f"{1000 * seconds:.0f}", f"{seconds / inference_s:.1f}"])
    print(table(["squares greyed out", "probability left", "a map, ms", "a map, inferences"], rows))


def probability_left(
    recognise: Recognise,
    frames: Sequence[Pixels],
    heats: Sequence[Array],
    parts: Sequence[float] = GREYED_PARTS,
) -> float:
    """The deletion curve's height, averaged over parts of the squares.

    Args:
        recognise: Is asked about what is left of the frames.
        frames: RGB uint8 (px, px, 3) each, px a multiple of 16.
        heats: Float (px, px) each.
        parts: Each in 0..1.
    """
    left = []
    for frame, heat in zip(frames, heats, strict=True):
        image = frame.astype(np.float32)
        top = int(recognise(image[np.newaxis])[0].argmax())
        side = len(image) // SQUARE_PX
        squares = heat.reshape(side, SQUARE_PX, side, SQUARE_PX).mean(axis=(1, 3))
        ranks = np.argsort(np.argsort(-squares, axis=None)).reshape(squares.shape)
        greyed = np.stack([ranks < part * side**2 for part in parts])
        masks = greyed.repeat(SQUARE_PX, axis=1).repeat(SQUARE_PX, axis=2)[..., np.newaxis]
        left.append(recognise(np.where(masks, image.mean(axis=(0, 1)), image))[:, top].mean())
    return float(np.mean(left))


def in_random_order(frames: Sequence[Pixels]) -> list[Array]:
    """Heat maps of noise, always the same."""
    rng = np.random.default_rng(0)
    return [rng.uniform(size=each.shape[:2]).astype(np.float32) for each in frames]


def _timed(work: Callable[[Pixels], Any], frames: Sequence[Pixels]) -> tuple[list[Any], float]:
    """What comes of each frame, and the median of the seconds."""
    results, seconds = [], []
    for frame in frames:
        start = time.perf_counter()
        results.append(work(frame))
        seconds.append(time.perf_counter() - start)
    return results, statistics.median(seconds)


if __name__ == "__main__":
    main()
