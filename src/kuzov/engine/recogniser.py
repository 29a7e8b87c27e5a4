"""A bundle in this process: photos in, predictions out, no server."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kuzov.atlas.names import display_name
from kuzov.bundle.card import Card, read_card
from kuzov.bundle.layout import resolve
from kuzov.bundle.ready import ready_model
from kuzov.cars.cut_out import CutOut, read_cut_outs
from kuzov.engine.openvino import OpenVinoEngine, load
from kuzov.errors import BundleError, PhotoError
from kuzov.images.decode import Photo
from kuzov.records import LEAST_CAR_PX, Prediction
from kuzov.words import Words

_NO_ATLAS = Words(
    "The model in {folder} has no atlas. Install kuzov anew.",
    "У модели в {folder} нет атласа. Установите kuzov заново.",
)

Outputs = Mapping[str, npt.NDArray[np.float32]]


class Recogniser:
    """A loaded bundle that tells which of its classes a photo shows."""

    def __init__(self, card: Card, engine: OpenVinoEngine, *, by_atlas: bool = False) -> None:
        """Answer for the card's classes, or with `by_atlas`, where these are its atlas, for them."""
        self.card = card
        self._engine = engine
        self._by_atlas = by_atlas

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

    @classmethod
    def atlas(cls, *, precision: str = "auto") -> Recogniser:
        """Load the models that kuzov knows by itself, which are a part of the ready bundle.

        Args:
            precision: As in `load`.

        Raises:
            BundleError: The ready bundle is broken.
        """
        version_dir = resolve(ready_model())
        card = read_card(version_dir)
        if not card.atlas:
            raise BundleError(_NO_ATLAS.fill(folder=str(version_dir)))
        classes = tuple(display_name(model) for model in card.atlas)
        return cls(replace(card, classes=classes), load(version_dir, precision), by_atlas=True)

    def predict(self, photo: Photo, *, whole_photo: bool = False, name: str | None = None) -> Prediction:
        """Recognise the most prominent car in one photo.

        Args:
            photo: A file's path; an encoded photo, as bytes; an image of Pillow's; or an array of RGB, uint8
                (H, W, 3).
            whole_photo: Show the network all of it, whatever car is found.
            name: What the answer calls it; its path, or "photo", where there is none.

        Raises:
            PhotoError: It can't be read.
        """
        return self.answers(photo, "whole" if whole_photo else self.card.framing, name=name)[0]

    def predict_cars(
        self, photo: Photo, *, least_car_px: int = LEAST_CAR_PX, name: str | None = None
    ) -> list[Prediction]:
        """Recognise each car in one photo, at most eight, the most prominent first.

        Where no car is found, the one answer is for the whole photo, and says so.

        Args:
            photo: As in `predict`.
            least_car_px: A car of which a side has fewer pixels is told to be small.
            name: Likewise.

        Raises:
            PhotoError: It can't be read.
            BundleError: The model was made by a kuzov that did not find cars.
        """
        self.card.require_cars()
        return self.answers(photo, "cars", name=name, least_car_px=least_car_px)

    def predict_many(self, photos: Iterable[Photo]) -> Iterator[Prediction | PhotoError]:
        """`predict` photos, in the order given; a photo that can't be read becomes its error."""
        for photo in photos:
            try:
                yield self.predict(photo)
            except PhotoError as error:
                yield error

    def answers(
        self, photo: Photo, framing: str, *, name: str | None = None, least_car_px: int = LEAST_CAR_PX
    ) -> list[Prediction]:
        """Recognise what `framing` shows of a photo; see `kuzov.cars.cut_out.read_parts`.

        Args:
            photo: As in `predict`.
            framing: Which parts.
            name: What the answers call the photo; its path where there is none.
            least_car_px: As in `predict_cars`.

        Raises:
            PhotoError: It can't be read.
        """
        parts = read_cut_outs(photo, self.card.image_px, framing, name=name, least_car_px=least_car_px)
        outputs = self._engine.recognise(np.stack([part.pixels for part in parts]).astype(np.float32))
        name = name or (os.fspath(photo) if isinstance(photo, str | os.PathLike) else "photo")
        return [
            self._prediction(name, {key: each[row] for key, each in outputs.items()}, part)
            for row, part in enumerate(parts)
        ]

    def _prediction(self, name: str, answer: Outputs, part: CutOut) -> Prediction:
        """What the network's outputs for one image say."""
        scores, unknown, alike = answer["probabilities"], float(answer["unknown"]), None
        if self._by_atlas:
            known = answer["atlas"].astype(np.float64)
            scores, unknown = known / max(known.sum(), 1e-12), max(0.0, 1 - float(known.sum()))
        elif self.card.atlas:
            alike = self.card.likeliest(answer["atlas"].tolist())
        return self.card.prediction(
            name,
            scores.tolist(),
            unknown,
            alike=alike,
            car=part.car,
            no_car=part.no_car,
            note=part.note,
        )
