"""Write a trained recogniser as a bundle, and prove it before anyone can see it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino
import tensorflow as tf
from PIL import Image

from kuzov.bundle.card import Card
from kuzov.bundle.layout import CARD, LABELS, OPENVINO_MODEL, WARMUP_REQUESTS
from kuzov.bundle.saved_model import warmup_requests
from kuzov.engine.openvino import load
from kuzov.errors import BundleError
from kuzov.images.framing import Pixels
from kuzov.model.calibration import Probabilities
from kuzov.model.calibrator import Array
from kuzov.model.classifier import Classifier
from kuzov.model.graph import OUTPUTS, ServingModule, frozen_recogniser, to_openvino
from kuzov.network import bfloat16_available

log = logging.getLogger(__name__)

TOLERANCES: Mapping[str, float] = {"f32": 1e-3, "bf16": 2e-2}
"""How far a probability may be from the trained model's, by the precision of the runtime."""

BATCH_PHOTOS = 16
PACKAGES = ("kuzov", "keras", "numpy", "openvino", "pillow", "scikit-learn", "tensorflow-cpu")


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


def write_bundle(folder: Path, backbone: Any, classifier: Classifier, card: Card, proof: Proof) -> None:
    """Write a version, load it back and compare.

    Args:
        folder: Where to; see `kuzov.bundle.publish`.
        backbone: Images to features, frozen; see `kuzov.model.graph.freeze`.
        classifier: What stands on it.
        card: All but its precision, which the comparison decides: bfloat16 where the processor has it and
            the probabilities stay within 2e-2 of the trained model's, else float32.
        proof: Photos to compare on.

    Raises:
        BundleError: The bundle does not repeat the trained model's answers.
    """
    recogniser = frozen_recogniser(backbone, classifier)
    labels = [each.id for each in card.classes]
    module = ServingModule(recogniser, labels, card.image_px, card.atlas)
    tf.saved_model.save(module, str(folder), module.signatures())
    _write(folder / LABELS, "".join(f"{label}\n" for label in labels).encode())
    _write_openvino(folder / OPENVINO_MODEL, recogniser)
    _write_warmup(folder / WARMUP_REQUESTS, card.image_px)
    _write_card(folder, replace(card, precision="f32"))
    _prove_tensorflow(folder, proof)
    _write_card(folder, replace(card, precision=_prove_openvino(folder, proof)))


def package_versions() -> dict[str, str]:
    """Versions of the packages that shape a bundle."""
    return {name: metadata.version(name) for name in PACKAGES}


def readable_json(values: Mapping[str, Any]) -> bytes:
    """JSON for people too: Russian as it is; file names that are not valid Unicode escaped."""
    return json.dumps(values, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace")


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _write_card(folder: Path, card: Card) -> None:
    _write(folder / CARD, readable_json(card.to_json()))


def _write_openvino(file: Path, recogniser: Any) -> None:
    """OpenVINO's own form of the same constants: it loads faster, and keeps `unknown`."""
    model = to_openvino(recogniser, OUTPUTS[: len(recogniser.outputs)])
    openvino.save_model(model, file, compress_to_fp16=False)


def _write_warmup(file: Path, image_px: int) -> None:
    """A grey picture warms up as well as a photo, and a bundle gives none of the user's photos away."""
    photo = io.BytesIO()
    Image.new("RGB", (image_px, image_px), "grey").save(photo, "JPEG")
    with tf.io.TFRecordWriter(str(file)) as writer:
        for record in warmup_requests(image_px, photo.getvalue()):
            writer.write(record)


def _prove_tensorflow(folder: Path, proof: Proof) -> None:
    model = tf.saved_model.load(str(folder))
    serve = model.signatures["serving_default"]
    found = _in_batches(lambda images: serve(image=tf.constant(images))["probabilities"].numpy(), proof)
    complaint = _compare(found, proof.probabilities, TOLERANCES["f32"])
    if complaint:
        raise BundleError(f"The exported model differs from the trained one in TensorFlow: {complaint}.")


def _prove_openvino(folder: Path, proof: Proof) -> str:
    """Prove float32, try bfloat16; returns the precision to serve in."""

    def complaint(precision: str) -> str:
        engine, tolerance = load(folder, precision), TOLERANCES[precision]

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
    starts = range(0, len(proof.images), BATCH_PHOTOS)
    batches = (proof.images[start : start + BATCH_PHOTOS].astype(np.float32) for start in starts)
    return np.concatenate([ask(images) for images in batches])


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
