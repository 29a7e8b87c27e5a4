"""A bundle in this process: photos in, predictions out, no server."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from kuzov.bundle.card import Card, read_card
from kuzov.bundle.layout import resolve
from kuzov.cars.cut_out import read_cut_outs
from kuzov.engine.openvino import OpenVinoEngine, load
from kuzov.errors import PhotoError
from kuzov.records import LEAST_CAR_PX, Prediction

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

    def predict(self, photo: PhotoSource, *, whole_photo: bool = False) -> Prediction:
        """Recognise the most prominent car in one photo.

        Args:
            photo: A file's path, or an encoded photo: JPEG, PNG, WebP, BMP.
            whole_photo: Show the network all of it, whatever car is found.

        Raises:
            PhotoError: It can't be read.
        """
        return self._answers(photo, "whole" if whole_photo else self.card.framing)[0]

    def predict_cars(self, photo: PhotoSource, *, least_car_px: int = LEAST_CAR_PX) -> list[Prediction]:
        """Recognise each car in one photo, at most eight, the most prominent first.

        Where no car is found, the one answer is for the whole photo, and says so.

        Args:
            photo: As in `predict`.
            least_car_px: A car of which a side has fewer pixels is told to be small.

        Raises:
            PhotoError: It can't be read.
            BundleError: The model was made by a kuzov that did not find cars.
        """
        self.card.require_cars()
        return self._answers(photo, "cars", least_car_px)

    def predict_many(
        self, photos: Iterable[PhotoSource], *, whole_photo: bool = False
    ) -> Iterator[Prediction | PhotoError]:
        """`predict` photos, in the order given; a photo that can't be read becomes its error."""
        for photo in photos:
            try:
                yield self.predict(photo, whole_photo=whole_photo)
            except PhotoError as error:
                yield error

    def _answers(
        self, photo: PhotoSource, framing: str, least_car_px: int = LEAST_CAR_PX
    ) -> list[Prediction]:
        parts = read_cut_outs(photo, self.card.image_px, framing, least_car_px=least_car_px)
        outputs = self._engine.recognise(np.stack([part.pixels for part in parts]).astype(np.float32))
        name = "photo" if isinstance(photo, bytes) else os.fspath(photo)
        return [
            self.card.prediction(name, scores, unknown, car=part.car, no_car=part.no_car)
            for part, scores, unknown in zip(
                parts, outputs["probabilities"].tolist(), outputs["unknown"].tolist(), strict=True
            )
        ]
