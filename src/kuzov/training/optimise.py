"""An int8 form beside a bundle's own, kept only where it answers as well."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino

from kuzov.bundle.card import Card, read_card
from kuzov.bundle.layout import OPENVINO_INT8, OPENVINO_INT8_MODEL, OPENVINO_MODEL, resolve
from kuzov.bundle.publish import replace
from kuzov.config import TrainConfig
from kuzov.cores import usable_cores
from kuzov.data.dataset import Dataset, Photo, fingerprint, load_dataset
from kuzov.engine.network import Network, NetworkSettings
from kuzov.engine.openvino import proved_precision
from kuzov.engine.quantise import quantise, require_nncf
from kuzov.errors import DatasetError
from kuzov.images.framing import Pixels, read_frame
from kuzov.training.progress import Progress, silent

Floats = npt.NDArray[np.float32]

MOST_ACCURACY_LOST = 0.005
"""How far the accuracy on the validation photos may fall, 0..1."""

MOST_MEAN_CHANGE = 0.02
"""How far a photo's probabilities, and its `unknown`, may move on average."""

FLOAT_LAYERS = (0, 3)
"""First convolutions left in float, by attempt: they cost the most accuracy in int8, and gain speed."""

MOST_CALIBRATION_PHOTOS = 300
MOST_JUDGED_PHOTOS = 1000
BATCH_PHOTOS = 16
TIMED_CALLS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What becomes of the answers when a bundle computes in int8.

    Attributes:
        photos: Validation photos asked about.
        accuracy_before: Accuracy on them in float32, 0..1.
        accuracy: Likewise, in int8.
        largest_change: The largest change of a probability.
        mean_change: The largest change of a photo's probabilities, mean over the photos.
        largest_unknown_change: The largest change of `unknown`.
        mean_unknown_change: The mean change of `unknown`.
        turned_unknown: Photos that change sides of the threshold of `unknown`.
        milliseconds_before: Median time of one photo as the bundle is served without int8.
        milliseconds: Likewise, in int8.
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
    """How an optimisation ended.

    Attributes:
        bundle: The version's folder.
        kept: Whether the int8 form is in it now.
        reason: Why it is not; empty where it is.
        float_layers: How many of the first convolutions the last attempt left in float.
        same_photos: Whether the photos are those that the bundle was trained on.
        comparison: Of the last attempt.
    """

    bundle: Path
    kept: bool
    reason: str
    float_layers: int
    same_photos: bool
    comparison: Comparison

    def to_json(self) -> dict[str, Any]:
        """The object that `kuzov optimize --json` prints."""
        return {**asdict(self), "bundle": str(self.bundle)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    version_dir: Path
    card: Card
    calibration: Pixels
    validation: Pixels
    labels: npt.NDArray[np.int64]


Judge = Callable[[Comparison], str]


def judge(comparison: Comparison) -> str:
    """Why an int8 form is not to be served; empty where it may be."""
    before, after = comparison.accuracy_before, comparison.accuracy
    if before - after > MOST_ACCURACY_LOST + 1e-9:  # one photo of 200 is no more than half a point
        return f"accuracy falls from {before:.1%} to {after:.1%}, by more than {MOST_ACCURACY_LOST:.1%}"
    if comparison.mean_change > MOST_MEAN_CHANGE:
        return f"probabilities move by {comparison.mean_change:.3f} on average, over {MOST_MEAN_CHANGE}"
    if comparison.mean_unknown_change > MOST_MEAN_CHANGE:
        return f"unknown moves by {comparison.mean_unknown_change:.3f} on average, over {MOST_MEAN_CHANGE}"
    return ""


def optimise(
    bundle: Path,
    photos: Path,
    *,
    judge: Judge = judge,
    progress: Progress = silent,
) -> Optimisation:
    """Add an int8 form to the newest version of a bundle; a version that has one gets a new one.

    Args:
        bundle: A model folder, whose newest version is taken, or one version's folder.
        photos: The folder that it was trained on. The training photos set the ranges of the numbers, the
            validation photos prove the outcome.
        judge: Says why an int8 form is not to be served; see `judge`.
        progress: Told of work done: "read", "quantise".

    Returns:
        How it ended. Where int8 is refused, the bundle is as it was.

    Raises:
        BundleError: There is no bundle, or its folder can't be written.
        DatasetError: The photos' folder can't be used, or has other classes than the bundle.
        MissingExtraError: NNCF is not installed.
    """
    require_nncf()
    version_dir = resolve(bundle)
    card = read_card(version_dir)
    dataset = _load(photos, card)
    learned = _spread(dataset.train, MOST_CALIBRATION_PHOTOS)
    judged = _spread(dataset.validation, MOST_JUDGED_PHOTOS)
    frames = _frames((*learned, *judged), card.image_px, progress)
    columns = {each.id: column for column, each in enumerate(card.classes)}
    task = _Task(
        version_dir=version_dir,
        card=card,
        calibration=frames[: len(learned)],
        validation=frames[len(learned) :],
        labels=np.array([columns[photo.label] for photo in judged]),
    )
    for attempt, float_layers in enumerate(FLOAT_LAYERS):
        progress("quantise", attempt, len(FLOAT_LAYERS))
        comparison = _attempt(task, float_layers, judge)
        reason = judge(comparison)
        if not reason:
            break
    progress("quantise", len(FLOAT_LAYERS), len(FLOAT_LAYERS))
    return Optimisation(
        bundle=version_dir,
        kept=not reason,
        reason=reason,
        float_layers=float_layers,
        same_photos=fingerprint(dataset.train + dataset.validation) == card.data.get("fingerprint"),
        comparison=comparison,
    )


def _load(photos: Path, card: Card) -> Dataset:
    """The photos, divided as they were for training."""
    defaults = TrainConfig()
    dataset = load_dataset(
        photos,
        validation_fraction=card.config.get("validation_fraction", defaults.validation_fraction),
        seed=card.config.get("seed", defaults.seed),
        allow_leaks=True,  # whoever trained the bundle took the photos so
    )
    known = sorted(each.id for each in card.classes)
    if sorted(dataset.classes) != known:
        raise DatasetError(
            f"The photos in {photos} are of {', '.join(dataset.classes)}, but the bundle knows "
            f"{', '.join(known)}; give the photos that it was trained on."
        )
    return dataset


def _spread(photos: Sequence[Photo], most: int) -> list[Photo]:
    """As many of the photos as may be, of all classes alike: they are sorted by class."""
    rows = np.linspace(0, len(photos) - 1, min(most, len(photos))).round().astype(int)
    return [photos[row] for row in rows]


def _frames(photos: Sequence[Photo], image_px: int, progress: Progress) -> Pixels:
    images = np.empty((len(photos), image_px, image_px, 3), np.uint8)
    with ThreadPoolExecutor(usable_cores()) as pool:
        for row, image in enumerate(pool.map(lambda photo: read_frame(photo.path, image_px), photos)):
            progress("read", row, len(photos))
            images[row] = image
    progress("read", len(photos), len(photos))
    return images


def _attempt(task: _Task, float_layers: int, judge: Judge) -> Comparison:
    """Quantise, write, load back, compare; put the int8 form into the bundle where the judge lets it."""
    source = task.version_dir / OPENVINO_MODEL
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, OPENVINO_INT8_MODEL.name)
        model = quantise(source, task.calibration, float_layers=float_layers)
        openvino.save_model(model, file, compress_to_fp16=False)
        comparison = _compare(task, _network(source, "f32"), _network(file, "int8"))
        if not judge(comparison):
            replace(
                task.version_dir / OPENVINO_INT8,
                lambda staging: shutil.copytree(folder, staging, dirs_exist_ok=True),
            )
    return comparison


def _network(file: Path, precision: str) -> Network:
    settings = NetworkSettings(precision=precision, rows_apart=True)
    return Network(openvino.Core().read_model(file), settings)


def _compare(task: _Task, reference: Network, quantised: Network) -> Comparison:
    expected, expected_unknown = _ask(reference, task.validation)
    found, found_unknown = _ask(quantised, task.validation)
    changes = np.abs(found - expected).max(axis=1)
    unknown_changes = np.abs(found_unknown - expected_unknown)
    threshold = task.card.unknown_threshold
    served = _network(task.version_dir / OPENVINO_MODEL, proved_precision(task.card))
    return Comparison(
        photos=len(found),
        accuracy_before=float((expected.argmax(axis=1) == task.labels).mean()),
        accuracy=float((found.argmax(axis=1) == task.labels).mean()),
        largest_change=float(changes.max()),
        mean_change=float(changes.mean()),
        largest_unknown_change=float(unknown_changes.max()),
        mean_unknown_change=float(unknown_changes.mean()),
        turned_unknown=int(((found_unknown > threshold) != (expected_unknown > threshold)).sum()),
        milliseconds_before=_time(served, task.validation[:1]),
        milliseconds=_time(quantised, task.validation[:1]),
    )


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
