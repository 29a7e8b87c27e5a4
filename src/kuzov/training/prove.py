"""Prove that a written bundle answers as the trained recogniser does."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

import kuzov.engine.tensorflow
from kuzov.bundle.layout import SAVED_MODEL
from kuzov.cores import usable_cores
from kuzov.engine.engine import run
from kuzov.engine.openvino import load
from kuzov.errors import BundleError
from kuzov.images.framing import Pixels
from kuzov.model.calibration import Probabilities
from kuzov.model.calibrator import Array
from kuzov.model.join import Constants, joined_constants

BATCH_PHOTOS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How far a form's probabilities, and its `unknown`, may be from the trained model's.

    Attributes:
        most: At most, in any photo.
        mean: On average, of each photo's largest difference.
    """

    most: float
    mean: float


REPEATED = Tolerance(most=1e-3, mean=1e-3)
"""Of the form whose features the model was fitted to."""

ROUNDED = Tolerance(most=0.5, mean=0.05)
"""Of the float forms, where it was fitted to features in int8: doubtful photos move by a fifth (adr/0023)."""


class ProofError(BundleError):
    """A form of an exported bundle does not answer as the trained recogniser does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Photos with the trained model's own answers, that every runtime must repeat.

    Attributes:
        images: Framed photos, uint8 (N, image_px, image_px, 3).
        probabilities: What the trained model says of them, (N, C).
        unknown: Likewise, (N,).
    """

    images: Pixels
    probabilities: Probabilities
    unknown: Array


def prove_saved_model(folder: Path, head: Constants, proof: Proof, tolerance: Tolerance) -> None:
    """Prove what TensorFlow Serving is to load: the constants as they stand in the file, and the answers.

    TensorFlow itself is asked where this process has loaded it already, as fine-tuning has: to load it would
    take longer than the whole training. See docs/adr/0020.

    Raises:
        BundleError: It is not what was to be written.
        ProofError: It answers otherwise.
    """
    read = list(joined_constants((folder / SAVED_MODEL).read_bytes()))
    wrong = {name for name, value in read if not np.array_equal(value, head[name])}
    if wrong or Counter(name for name, _ in read).keys() != head.keys():
        raise BundleError(f"The exported SavedModel holds another head: {', '.join(sorted(wrong))}.")
    if "tensorflow" not in sys.modules:
        return
    model = kuzov.engine.tensorflow.load(folder)
    found = _in_batches(
        lambda images: run(model, "serving_default", {"image": images})["probabilities"], proof
    )
    if complaint := _compare(found, proof.probabilities, tolerance):
        raise ProofError(f"The exported model differs from the trained one in TensorFlow: {complaint}.")


def prove_openvino(folder: Path, precision: str, proof: Proof, tolerance: Tolerance) -> dict[str, float]:
    """Prove what kuzov serves in a precision.

    Returns:
        How far probabilities are from the trained model's, each photo's furthest: the `mean` and the `most`.

    Raises:
        ProofError: OpenVINO can't compute it, or it answers otherwise.
    """
    try:
        engine = load(folder, precision, streams=usable_cores(), lone_calls=False)
    except BundleError as error:
        raise ProofError(str(error)) from error

    def ask(images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        outputs = engine.recognise(images)
        return np.column_stack([outputs["probabilities"], outputs["unknown"]])

    found = _in_batches(ask, proof)
    complaint = _compare(found[:, :-1], proof.probabilities, tolerance) or _compare_unknown(
        found[:, -1], proof.unknown, tolerance
    )
    if complaint:
        name = engine.name
        raise ProofError(f"The exported model differs from the trained one in {name}: {complaint}.")
    moved = np.abs(found[:, :-1] - proof.probabilities).max(axis=1)
    return {"mean": round(float(moved.mean()), 4), "most": round(float(moved.max()), 4)}


def _in_batches(
    ask: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]], proof: Proof
) -> npt.NDArray[np.float32]:
    """Ask a few photos at a time: memory grows with the batch, and a folder may hold thousands."""

    def ask_from(start: int) -> npt.NDArray[np.float32]:
        return ask(proof.images[start : start + BATCH_PHOTOS].astype(np.float32))

    with ThreadPoolExecutor(usable_cores()) as threads:
        return np.concatenate([*threads.map(ask_from, range(0, len(proof.images), BATCH_PHOTOS))])


def _compare(found: npt.NDArray[np.float32], expected: Probabilities, tolerance: Tolerance) -> str:
    """Empty where they agree, else what differs."""
    if differs := _moved("a probability", np.abs(found - expected).max(axis=1), tolerance):
        return differs
    ordered = np.sort(expected, axis=1)
    clear = ordered[:, -1] - ordered[:, -2] > tolerance.most
    turned = clear & (found.argmax(axis=1) != expected.argmax(axis=1))
    return f"{turned.sum()} photos get another class" if turned.any() else ""


def _compare_unknown(found: npt.NDArray[np.float32], expected: Array, tolerance: Tolerance) -> str:
    """Empty where they agree, else what differs."""
    return _moved("unknown", np.abs(found - expected), tolerance)


def _moved(what: str, differences: Array, tolerance: Tolerance) -> str:
    """Empty where so many photos' differences, (N,), are small enough, else how large they are.

    One that is no number is not small enough.
    """
    if not differences.max() <= tolerance.most:
        return f"{what} by {differences.max():.4f}, more than {tolerance.most}"
    if not differences.mean() <= tolerance.mean:
        return f"{what} by {differences.mean():.4f} on average, more than {tolerance.mean}"
    return ""
