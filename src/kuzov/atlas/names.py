"""What the models of the atlas are called."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kuzov.records import ClassName, LookAlike

# Less likely than this, nothing is said: a wrong name is worse than none.
LEAST_TOLD = 0.5

BODIES: Mapping[str, tuple[str, str]] = {
    "convertible": ("convertible", "кабриолет"),
    "coupe": ("coupe", "купе"),
    "hatchback": ("hatchback", "хэтчбек"),
    "minivan": ("minivan", "минивэн"),
    "pickup": ("pickup", "пикап"),
    "sedan": ("sedan", "седан"),
    "suv": ("SUV", "внедорожник"),
    "van": ("van", "фургон"),
    "wagon": ("wagon", "универсал"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CarModel:
    """A model of the atlas.

    Attributes:
        id: As a bundle's card and its answers name it.
        make: Its maker, in English.
        make_ru: Its maker, in Russian.
        model: Its maker's name for it.
        body: Key of BODIES.
        year: The model year of the photos that it is known from, or the first and the last.
    """

    id: str
    make: str
    make_ru: str
    model: str
    body: str
    year: str

    @property
    def display(self) -> ClassName:
        """What people see."""
        en, ru = BODIES[self.body]
        return ClassName(
            id=self.id,
            en=f"{self.make} {self.model} {en} ({self.year})",
            ru=f"{self.make_ru} {self.model}, {ru} ({self.year})",
        )


@functools.cache
def car_models() -> Mapping[str, CarModel]:
    """The models of models.csv by their ids, in its order."""
    with Path(__file__).with_name("models.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: CarModel(**row) for row in csv.DictReader(file)}


def display_name(model: str) -> ClassName:
    """What people see of a model; its id where a newer kuzov than this one knew it."""
    known = car_models().get(model)
    return known.display if known else ClassName(id=model, en=model, ru=model)


def look_alike(found: tuple[str, float] | None) -> LookAlike | None:
    """What is told of the likeliest model, by its id, and how likely it is; None where that is too little."""
    if found is None or found[1] < LEAST_TOLD:
        return None
    model, probability = found
    return LookAlike(model=model, probability=probability, name=display_name(model))
