"""What is written of each photo."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from kuzov.records import Car
from kuzov.words import Words

NAMED = Words("{name} version {version}", "{name} версии {version}")
TOP = 5  # labels told of a photo, the most probable first


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelName:
    """Which model answered: its folder's name, and what it may call a photo; nothing if that is not known."""

    name: str
    version: int
    labels: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def words(self) -> Words:
        """Such as "cars version 7"."""
        return NAMED.fill(name=self.name, version=self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model says of one photo or one car in it, or why it says nothing: a row of the results.

    Attributes:
        photo: The photo's path or address.
        top: The most probable labels with their probabilities, 0..1, in descending order; TOP at most, none
            where the photo can't be read.
        unknown: How sure the model is that the photo shows none of its classes, 0..1; None as above.
        is_unknown: Whether `unknown` is over the bundle's threshold; None as above.
        look_alike: Id and probability of the model of the atlas that an unknown car looks like; None where
            none is likely.
        car: The car, its box the part of the photo that the network was shown; None where none was found or
            looked for.
        no_car: Whether a car was looked for, and none found; None where the photo can't be read.
        cars: Where each car has a row, how many were found in the photo; otherwise None.
        note: What is wrong with a photo that could be read, as that its end is missing; None for nothing.
        error: Why the photo can't be read; None where it can.
    """

    photo: str
    top: tuple[tuple[str, float], ...] = ()
    unknown: float | None = None
    is_unknown: bool | None = None
    look_alike: tuple[str, float] | None = None
    car: Car | None = None
    no_car: bool | None = None
    cars: int | None = None
    note: str | None = None
    error: str | None = None

    def to_json(self, model: ModelName) -> dict[str, object]:
        """The object that stands for this photo in the results."""
        label, probability = self.top[0] if self.top else (None, None)
        alike, likelihood = self.look_alike or (None, None)
        return {
            "photo": self.photo,
            "label": label,
            "probability": probability,
            "top": [{"label": each, "probability": value} for each, value in self.top],
            "unknown": self.unknown,
            "is_unknown": self.is_unknown,
            "look_alike": alike,
            "look_alike_probability": likelihood,
            "car": self.car.to_json() if self.car else None,
            "no_car": self.no_car,
            "cars": self.cars,
            "note": self.note,
            "error": self.error,
            "model": model.name,
            "version": model.version,
        }

    def to_line(self, model: ModelName) -> bytes:
        """The same as a line of JSON, in UTF-8 whatever bytes the file's name is of."""
        text = json.dumps(self.to_json(model), ensure_ascii=False)
        return text.encode(errors="backslashreplace") + b"\n"


Rows: TypeAlias = Sequence[Answer]
"""All that is answered of one photo: a row, or one for each of its cars."""


def in_utf8(photo: str) -> bytes:
    """A photo's name as results hold it: bytes of a file's name that are no UTF-8 are spelled out."""
    return photo.encode(errors="backslashreplace")
