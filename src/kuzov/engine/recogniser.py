"""A bundle in this process: photos in, predictions out, no server."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from kuzov.bundle.card import Card, read_card
from kuzov.bundle.layout import resolve
from kuzov.cars.cut_out import read_cut_out
from kuzov.engine.openvino import OpenVinoEngine, load
from kuzov.errors import PhotoError
from kuzov.records import Prediction

PhotoSource = str | os.PathLike[str] | bytes


class Recogniser:
    """A loaded bundle that tells which of its classes a photo shows."""

    def __init__(self, card: Card, engine: OpenVinoEngine) -> None:
        self.card = card
        self._engine = engine

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, precision: str = "auto") -> Recogniser:
        """Load a bundle.

        Args:
            path: A model folder, whose newest version is taken, or one version's folder.
            precision: "auto", "f32", "bf16" or "int8"; see `kuzov.engine.openvino.load`.

        Raises:
            BundleError: It is missing, incomplete or broken.
        """
        version_dir = resolve(Path(path))
        return cls(read_card(version_dir), load(version_dir, precision))

    def predict(self, photo: PhotoSource) -> Prediction:
        """Recognise one photo.

        Args:
            photo: A file's path, or an encoded photo: JPEG, PNG, WebP, BMP.

        Raises:
            PhotoError: It can't be read.
        """
        answer = next(iter(self.predict_many([photo])))
        if isinstance(answer, PhotoError):
            raise answer
        return answer

    def predict_many(self, photos: Iterable[PhotoSource]) -> Iterator[Prediction | PhotoError]:
        """Recognise photos, in the order given; a photo that can't be read becomes its error."""
        for photo in photos:
            try:
                part = read_cut_out(photo, self.card.image_px, self.card.framing)
            except PhotoError as error:
                yield error
                continue
            outputs = self._engine.recognise(part.pixels[np.newaxis].astype(np.float32))
            name = "photo" if isinstance(photo, bytes) else os.fspath(photo)
            scores = outputs["probabilities"][0].tolist()
            unknown = float(outputs["unknown"][0])
            yield self.card.prediction(name, scores, unknown, car=part.car, no_car=part.no_car)
