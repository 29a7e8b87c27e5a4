"""The unit that answers, wherever it runs: a thread of this process or another machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kuzov.bulk.answers import TOP, Answer, ModelName, Rows
from kuzov.bundle.card import read_card
from kuzov.engine.openvino import load
from kuzov.engine.recogniser import Recogniser
from kuzov.errors import BundleError, PhotoError
from kuzov.records import LEAST_CAR_PX, Car, Prediction
from kuzov.words import Words

NO_VERSION = Words(
    "{folder} has no version: results tell it, so the folder of a bundle is named by a number.",
    "У {folder} нет версии: она стоит в результатах, поэтому имя папки версии — число.",
)

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
        engine = load(version_dir, precision, threads=threads, streams=threads, lone_calls=False)
        self._recogniser = Recogniser(read_card(version_dir), engine)
        self._framing = "cars" if all_cars else self._recogniser.card.framing
        self._least_car_px = least_car_px

    def __call__(self, photo: str, content: str | bytes | PhotoError) -> Rows:
        """Answer for one photo: its path, its encoded bytes, or why there are none."""
        try:
            if isinstance(content, PhotoError):
                raise content
            return self.rows(photo, content)
        except PhotoError as error:
            return (Answer(photo=photo, error=error.reason),)

    def rows(self, photo: str, content: str | bytes) -> Rows:
        """Answer for one photo: its path or its encoded bytes.

        Raises:
            PhotoError: It can't be read.
        """
        try:
            found = self._recogniser.answers(
                content, self._framing, name=photo, least_car_px=self._least_car_px
            )
        except MemoryError as error:
            raise PhotoError(photo, "needs more memory than there was") from error
        cars = sum(each.car is not None for each in found) if self._framing == "cars" else None
        return tuple(_row(photo, each, cars) for each in found)


def _row(photo: str, found: Prediction, cars: int | None) -> Answer:
    ranked = sorted(found.probabilities.items(), key=lambda item: -item[1])[:TOP]
    alike = found.look_alike
    return Answer(
        photo=photo,
        top=tuple((label, round(probability, _DECIMALS)) for label, probability in ranked),
        unknown=round(found.unknown, _DECIMALS),
        is_unknown=found.is_unknown,
        look_alike=(alike.model, round(alike.probability, _DECIMALS)) if alike else None,
        car=found.car and _rounded(found.car),
        no_car=found.no_car,
        cars=cars,
        note=str(found.note) if found.note else None,
    )


def _rounded(car: Car) -> Car:
    left, top, right, bottom = (round(each, _DECIMALS) for each in car.box)
    return replace(car, box=(left, top, right, bottom), score=round(car.score, _DECIMALS))


def model_name(version_dir: Path) -> ModelName:
    """How results call the model in a version's folder."""
    folder = version_dir.absolute()
    if not (folder.name.isascii() and folder.name.isdigit()):
        raise BundleError(NO_VERSION.fill(folder=str(version_dir)))
    labels = frozenset(each.id for each in read_card(folder).classes)
    return ModelName(name=folder.parent.name, version=int(folder.name), labels=labels)
