"""Bundles as kuzov 0.1 made them: the network is shown the middle of a photo, and has no int8 form."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from kuzov.bundle.layout import CARD, OPENVINO_INT8_MODEL, SAVED_MODEL
from kuzov.wire.messages import SavedModel


def of_the_first_form(bundle: Path, folder: Path) -> Path:
    """A copy of a bundle in a version's folder, with the card and the signatures of that form."""
    old = shutil.copytree(bundle, folder)
    shutil.rmtree((old / OPENVINO_INT8_MODEL).parent)
    card = json.loads((old / CARD).read_text(encoding="utf-8"))
    del card["atlas"]
    (old / CARD).write_text(json.dumps({**card, "format": 1, "precision": "bf16"}), encoding="utf-8")
    model = SavedModel.FromString((old / SAVED_MODEL).read_bytes())
    signatures = model.meta_graphs[0].signature_def
    signatures.pop("cars", None)
    for name in ("car_box", "car_score", "look_alike", "look_alike_probability"):
        signatures["image_bytes"].outputs.pop(name, None)
    (old / SAVED_MODEL).write_bytes(model.SerializeToString())
    return old
