"""Prove that a written bundle answers as the trained recogniser does."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Callable, Mapping
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
from kuzov.network import bfloat16_available

log = logging.getLogger(__name__)

TOLERANCES: Mapping[str, float] = {"f32": 1e-3, "bf16": 2e-2}
"""How far a probability may be from the trained model's, by the precision of the runtime."""

BATCH_PHOTOS = 16


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


def prove_saved_model(folder: Path, head: Constants, proof: Proof) -> None:
    """Prove what TensorFlow Serving is to load: the constants as they stand in the file, and the answers.

    TensorFlow itself is asked where this process has loaded it already, as fine-tuning has: to load it would
    take longer than the whole training. See docs/adr/0020.

    Raises:
        BundleError: It is not what was to be written.
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
    if complaint := _compare(found, proof.probabilities, TOLERANCES["f32"]):
        raise BundleError(f"The exported model differs from the trained one in TensorFlow: {complaint}.")


def prove_openvino(folder: Path, proof: Proof) -> str:
    """Prove float32, try bfloat16; returns the precision to serve in."""

    def complaint(precision: str) -> str:
        engine = load(folder, precision, streams=usable_cores(), lone_calls=False)
        tolerance = TOLERANCES[precision]

        def ask(images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            outputs = engine.recognise(images)
            return np.column_stack([outputs["probabilities"], outputs["unknown"]])

        found = _in_batches(ask, proof)
        return _compare(found[:, :-1], proof.probabilities, tolerance) or _compare_unknown(
            found[:, -1], proof.unknown, tolerance
        )

    if differs := complaint("f32"):
        raise BundleError(f"The exported model differs from the trained one in OpenVINO: {differs}.")
    if not bfloat16_available():
        return "f32"
    differs = complaint("bf16")
    log.info("bfloat16 %s", f"is not served by default: {differs}" if differs else "agrees")
    return "f32" if differs else "bf16"


def _in_batches(
    ask: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]], proof: Proof
) -> npt.NDArray[np.float32]:
    """Ask a few photos at a time: memory grows with the batch, and a folder may hold thousands."""

    def ask_from(start: int) -> npt.NDArray[np.float32]:
        return ask(proof.images[start : start + BATCH_PHOTOS].astype(np.float32))

    with ThreadPoolExecutor(usable_cores()) as threads:
        return np.concatenate([*threads.map(ask_from, range(0, len(proof.images), BATCH_PHOTOS))])


def _compare(found: npt.NDArray[np.float32], expected: Probabilities, tolerance: float) -> str:
    """Empty where they agree, else what differs."""
    differences = np.abs(found - expected).max(axis=1)
    if differences.max() > tolerance:
        return f"a probability by {differences.max():.4f}, more than {tolerance}"
    ordered = np.sort(expected, axis=1)
    clear = ordered[:, -1] - ordered[:, -2] > tolerance
    turned = clear & (found.argmax(axis=1) != expected.argmax(axis=1))
    return f"{turned.sum()} photos get another class" if turned.any() else ""


def _compare_unknown(found: npt.NDArray[np.float32], expected: Array, tolerance: float) -> str:
    """Empty where they agree, else what differs."""
    difference = np.abs(found - expected).max()
    return f"unknown by {difference:.4f}, more than {tolerance}" if difference > tolerance else ""
