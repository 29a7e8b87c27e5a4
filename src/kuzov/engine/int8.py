"""An int8 form beside a bundle's own, kept only where it answers as well."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino

from kuzov.bundle.card import Card, read_card
from kuzov.bundle.layout import OPENVINO_INT8, OPENVINO_INT8_MODEL, OPENVINO_MODEL
from kuzov.bundle.publish import replace
from kuzov.engine.openvino import proved_precision
from kuzov.engine.quantise import quantise
from kuzov.images.framing import Pixels
from kuzov.network import Network, NetworkSettings
from kuzov.progress import Progress
from kuzov.records import FramedPhotos

Floats = npt.NDArray[np.float32]

MOST_ACCURACY_LOST = 0.005
"""How far the accuracy on the validation photos may fall, 0..1."""

MOST_MEAN_CHANGE = 0.02
"""How far a photo's probabilities, and its `unknown`, may move on average."""

FLOAT_LAYERS = (0, 3)
"""First convolutions left in float, by attempt: they cost the most accuracy in int8, and gain speed."""

BATCH_PHOTOS = 16
TIMED_CALLS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Int8Comparison:
    """What becomes of the answers about so many validation photos when a bundle computes in int8.

    Changes are those of probabilities, of which each photo counts by its largest, and of `unknown`, by which
    photos may turn from one side of its threshold to the other. Answers before are in float32, accuracies in
    0..1, milliseconds the median of one photo; before, as the bundle is served without int8.
    """

    photos: int
    accuracy_before: float
    accuracy: float
    largest_change: float
    mean_change: float
    largest_unknown_change: float
    mean_unknown_change: float
    turned_unknown: int
    milliseconds_before: float
    milliseconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimisation:
    """Whether the int8 form was kept in a version's folder, or the reason why not.

    The comparison, and how many of the first convolutions stayed in float, are of the last attempt;
    `same_photos` tells whether the photos are those that the bundle was trained on.
    """

    bundle: Path
    kept: bool
    reason: str
    float_layers: int
    same_photos: bool
    comparison: Int8Comparison

    def to_json(self) -> dict[str, Any]:
        """The object that `kuzov optimize --json` prints."""
        return {**asdict(self), "bundle": str(self.bundle)}


def judge(comparison: Int8Comparison) -> str:
    """Why an int8 form is not to be served; empty where it may be."""
    before, after = comparison.accuracy_before, comparison.accuracy
    if before - after > MOST_ACCURACY_LOST + 1e-9:  # one photo of 200 is no more than half a point
        return f"accuracy falls from {before:.1%} to {after:.1%}, by more than {MOST_ACCURACY_LOST:.1%}"
    if comparison.mean_change > MOST_MEAN_CHANGE:
        return f"probabilities move by {comparison.mean_change:.3f} on average, over {MOST_MEAN_CHANGE}"
    if comparison.mean_unknown_change > MOST_MEAN_CHANGE:
        return f"unknown moves by {comparison.mean_unknown_change:.3f} on average, over {MOST_MEAN_CHANGE}"
    return ""


def optimise(version_dir: Path, photos: FramedPhotos, progress: Progress) -> Optimisation:
    """Add an int8 form to a version of a bundle, or a new one; where it is refused, the bundle is as it was.

    The photos to learn from set the ranges of the numbers, those to judge by prove the outcome.

    Raises:
        BundleError: The bundle is broken, or its folder can't be written.
        MissingExtraError: NNCF is not installed.
    """
    card = read_card(version_dir)
    for attempt, float_layers in enumerate(FLOAT_LAYERS):
        progress("quantise", attempt, len(FLOAT_LAYERS))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, OPENVINO_INT8_MODEL.name)
            model = quantise(version_dir / OPENVINO_MODEL, photos.learned, float_layers=float_layers)
            openvino.save_model(model, file, compress_to_fp16=False)
            comparison = _compare(version_dir / OPENVINO_MODEL, file, photos, card)
            reason = judge(comparison)
            if not reason:
                replace(
                    version_dir / OPENVINO_INT8, lambda new: shutil.copytree(folder, new, dirs_exist_ok=True)
                )
                break
    progress("quantise", len(FLOAT_LAYERS), len(FLOAT_LAYERS))
    return Optimisation(
        bundle=version_dir,
        kept=not reason,
        reason=reason,
        float_layers=float_layers,
        same_photos=photos.fingerprint == card.data.get("fingerprint"),
        comparison=comparison,
    )


def _compare(source: Path, file: Path, photos: FramedPhotos, card: Card) -> Int8Comparison:
    reference, quantised = _network(source, "f32"), _network(file, "int8")
    expected, expected_unknown = _ask(reference, photos.judged)
    found, found_unknown = _ask(quantised, photos.judged)
    changes = np.abs(found - expected).max(axis=1)
    unknown_changes = np.abs(found_unknown - expected_unknown)
    turned = (found_unknown > card.unknown_threshold) != (expected_unknown > card.unknown_threshold)
    return Int8Comparison(
        photos=len(found),
        accuracy_before=float((expected.argmax(axis=1) == photos.columns).mean()),
        accuracy=float((found.argmax(axis=1) == photos.columns).mean()),
        largest_change=float(changes.max()),
        mean_change=float(changes.mean()),
        largest_unknown_change=float(unknown_changes.max()),
        mean_unknown_change=float(unknown_changes.mean()),
        turned_unknown=int(turned.sum()),
        milliseconds_before=_time(_network(source, proved_precision(card)), photos.judged[:1]),
        milliseconds=_time(quantised, photos.judged[:1]),
    )


def _network(file: Path, precision: str) -> Network:
    settings = NetworkSettings(precision=precision, rows_apart=True)
    return Network(openvino.Core().read_model(file), settings)


def _ask(network: Network, images: Pixels) -> tuple[Floats, Floats]:
    """Probabilities (N, C) and `unknown` (N,)."""
    starts = range(0, len(images), BATCH_PHOTOS)
    answers = [network({"image": images[at : at + BATCH_PHOTOS].astype(np.float32)}) for at in starts]
    probabilities, unknown = (
        np.concatenate([each[name] for each in answers]) for name in ("probabilities", "unknown")
    )
    return probabilities, unknown


def _time(network: Network, images: Pixels) -> float:
    """Median time of a call, in milliseconds."""
    inputs = {"image": images.astype(np.float32)}
    times = []
    for _ in range(TIMED_CALLS):
        started = time.perf_counter()
        network(inputs)
        times.append(time.perf_counter() - started)
    return float(np.median(times)) * 1000
