"""The unit that answers, wherever it runs: a thread of this process or another machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kuzov.bulk.answers import TOP, Answer, ModelName, Rows
from kuzov.bundle.card import read_card
from kuzov.cars.cut_out import CutOut, read_cut_outs
from kuzov.engine.openvino import load
from kuzov.errors import BundleError, PhotoError
from kuzov.records import LEAST_CAR_PX, Car

_DECIMALS = 6


class Labeller:
    """A loaded bundle that answers for one photo at a time. Safe to call from several threads at once."""

    def __init__(
        self,
        version_dir: Path,
        *,
        precision: str,
        threads: int,
        all_cars: bool = False,
        least_car_px: int = LEAST_CAR_PX,
    ) -> None:
        """Load a bundle for work that never pauses, on as many cores as threads, a photo each.

        With `all_cars` it answers for each car of a photo; those with a side under `least_car_px` are small.
        """
        self._engine = load(version_dir, precision, threads=threads, streams=threads, lone_calls=False)
        self._card = read_card(version_dir)
        self._framing = "cars" if all_cars else self._card.framing
        self._least_car_px = least_car_px
        self._labels = [each.id for each in self._card.classes]

    def __call__(self, photo: str, content: str | bytes | PhotoError) -> Rows:
        """Answer for one photo: its path, its encoded bytes, or why there are none."""
        try:
            if isinstance(content, PhotoError):
                raise content
            side, least_px = self._card.image_px, self._least_car_px
            parts = read_cut_outs(content, side, self._framing, name=photo, least_car_px=least_px)
        except PhotoError as error:
            return (Answer(photo=photo, error=error.reason),)
        except MemoryError:
            return (Answer(photo=photo, error="needs more memory than there was"),)
        outputs = self._engine.recognise(np.stack([part.pixels for part in parts]).astype(np.float32))
        cars = sum(part.car is not None for part in parts) if self._framing == "cars" else None
        return tuple(
            self._row(photo, part, cars, scores, float(unknown))
            for part, scores, unknown in zip(parts, outputs["probabilities"], outputs["unknown"], strict=True)
        )

    def _row(
        self, photo: str, part: CutOut, cars: int | None, scores: npt.NDArray[np.float32], unknown: float
    ) -> Answer:
        top = np.argsort(-scores, kind="stable")[:TOP].tolist()
        return Answer(
            photo=photo,
            top=tuple((self._labels[each], round(float(scores[each]), _DECIMALS)) for each in top),
            unknown=round(unknown, _DECIMALS),
            is_unknown=unknown > self._card.unknown_threshold,
            car=part.car and _rounded(part.car),
            no_car=part.no_car,
            cars=cars,
        )


def _rounded(car: Car) -> Car:
    left, top, right, bottom = (round(each, _DECIMALS) for each in car.box)
    return replace(car, box=(left, top, right, bottom), score=round(car.score, _DECIMALS))


def model_name(version_dir: Path) -> ModelName:
    """How results call the model in a version's folder."""
    folder = version_dir.absolute()
    if not (folder.name.isascii() and folder.name.isdigit()):
        raise BundleError(
            f"{version_dir} has no version: results tell it, so the folder of a bundle is named by a number."
        )
    labels = frozenset(each.id for each in read_card(folder).classes)
    return ModelName(name=folder.parent.name, version=int(folder.name), labels=labels)
