"""Write a trained recogniser as a bundle, and prove it before anyone can see it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import openvino
from PIL import Image

from kuzov.atomic import written_whole
from kuzov.bundle.card import Card, read_card
from kuzov.bundle.layout import (
    CARD,
    LABELS,
    OPENVINO_INT8_MODEL,
    OPENVINO_MODEL,
    SAVED_MODEL,
    WARMUP_REQUESTS,
)
from kuzov.bundle.saved_model import warmup_requests
from kuzov.errors import BundleError
from kuzov.model.classifier import Classifier
from kuzov.model.frozen import FrozenNetwork
from kuzov.model.join import constants, join_openvino, join_saved_model
from kuzov.network import own_words
from kuzov.training.prove import REPEATED, ROUNDED, Proof, prove_openvino, prove_saved_model
from kuzov.wire.tf_record import write_records
from kuzov.words import Words

_UNWRITABLE = Words(
    "OpenVINO can't write the network to {folder}; see that the disk has room. It says: {why}.",
    "OpenVINO не может записать сеть в {folder}; проверьте, есть ли место на диске. Его слова: {why}.",
)
PACKAGES = ("kuzov", "numpy", "openvino", "pillow")
FINE_TUNE_MODULES = ("keras", "tensorflow")


def write_bundle(folder: Path, network: FrozenNetwork, classifier: Classifier, card: Card) -> None:
    """Write a version, which `prove_bundle` is to prove.

    Args:
        folder: Where to; see `kuzov.bundle.publish`.
        network: From photos to features.
        classifier: What stands on it, fitted to the features of the network's `embedding`.
        card: All but its precision, which is that of the embedding.
    """
    labels = [each.id for each in card.classes]
    head = constants(classifier, labels)
    _write(folder / SAVED_MODEL, join_saved_model(network, head))
    _write(folder / LABELS, "".join(f"{label}\n" for label in labels).encode())
    forms = {OPENVINO_MODEL: network.features}
    if network.quantised is not None:
        forms[OPENVINO_INT8_MODEL] = network.quantised
    for file, features in forms.items():
        _write_openvino(folder / file, join_openvino(features, head, weights=network.weights))
    _write_warmup(folder / WARMUP_REQUESTS, card.image_px)
    _write_card(folder, replace(card, precision=network.precision))


def prove_bundle(folder: Path, network: FrozenNetwork, classifier: Classifier, proof: Proof) -> None:
    """Load a version back and compare; its card then says how far the float form moves the answers.

    Args:
        folder: Where `write_bundle` wrote it.
        network: As there.
        classifier: As there.
        proof: Photos to compare on.

    Raises:
        ProofError: The form that the classifier was fitted to does not repeat its answers, or another form's
            are further from them than rounding to int8 may move them.
    """
    card = read_card(folder)
    head = constants(classifier, [each.id for each in card.classes])
    of_float = REPEATED if network.quantised is None else ROUNDED
    prove_saved_model(folder, head, proof, of_float)
    moved = prove_openvino(folder, "f32", proof, of_float)
    if network.quantised is not None:
        prove_openvino(folder, "int8", proof, REPEATED)
        _write_card(folder, replace(card, metrics={**card.metrics, "float32_moves": moved}))


def package_versions() -> dict[str, str]:
    """Versions of the packages that shape a bundle; Keras and TensorFlow where they have been at work."""
    versions = {name: metadata.version(name) for name in PACKAGES}
    # What they are installed as differs: tensorflow, tensorflow-cpu, and others of the same module.
    loaded = [name for name in FINE_TUNE_MODULES if name in sys.modules]
    return versions | {name: sys.modules[name].__version__ for name in loaded}


def readable_json(values: Mapping[str, Any]) -> bytes:
    """JSON for people too: Russian as it is; file names that are not valid Unicode escaped."""
    return json.dumps(values, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace")


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _write_card(folder: Path, card: Card) -> None:
    """Whole at every moment: the report is drawn while the version is proved, and reads it."""
    (folder / CARD).parent.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / CARD) as file:
        file.write_bytes(readable_json(card.to_json()))


def _write_openvino(file: Path, model: openvino.Model) -> None:
    """OpenVINO's own form of the same constants: it loads faster, and keeps `unknown`."""
    file.parent.mkdir(parents=True)
    try:
        openvino.save_model(model, file, compress_to_fp16=False)
    except RuntimeError as error:  # of a full disk too, which it does not name
        why = own_words(error).removesuffix(".")
        raise BundleError(_UNWRITABLE.fill(folder=str(file.parent), why=why)) from error


def _write_warmup(file: Path, image_px: int) -> None:
    """A grey picture warms up as well as a photo, and a bundle gives none of the user's photos away."""
    photo = io.BytesIO()
    Image.new("RGB", (image_px, image_px), "grey").save(photo, "JPEG")
    with file.open("wb") as records:
        write_records(records, warmup_requests(image_px, photo.getvalue()))
