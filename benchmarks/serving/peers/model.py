"""What every peer computes: the same network, compiled the same way, behind the same decoding as kuzov's."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kuzov.bundle.card import read_card
from kuzov.engine.openvino import load
from kuzov.engine.photo_input import decode_photos

PORT, WORKERS = int(os.environ["PEER_PORT"]), int(os.environ["PEER_WORKERS"])
PRECISION = os.environ["PEER_PRECISION"]
MAX_BATCH = 4


class Model:
    """The bundle, on this worker's share of the cores."""

    def __init__(self) -> None:
        version_dir = Path(os.environ["PEER_MODEL"])
        self._card = read_card(version_dir)
        self._engine = load(version_dir, PRECISION, threads=max(1, (os.cpu_count() or 1) // WORKERS))

    def classify(self, photos: Sequence[bytes]) -> list[dict[str, Any]]:
        """The class and the probabilities of each photo."""
        images = decode_photos(photos, self._card.image_px)
        scores = self._engine.recognise(images)["probabilities"]
        labels = [self._card.classes[column].id for column in scores.argmax(axis=1)]
        return [
            {"label": label, "probabilities": row.tolist()} for label, row in zip(labels, scores, strict=True)
        ]
