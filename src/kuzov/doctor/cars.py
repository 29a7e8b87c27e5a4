"""Photos that show no car, several that may be meant, or one too small to learn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kuzov.cars.cut_out import cut_box
from kuzov.cars.detector import Scores, prominence
from kuzov.doctor.findings import Finding, Kind, Reason, Skipped
from kuzov.doctor.reading import ReadPhoto
from kuzov.records import LEAST_CAR_PX, Car

NO_CAR_CERTAINTY = 0.9
"""The detector finds a car in 138 of 140 street scenes, and none in 225 of 227 photos without one."""

MOST_WITHOUT = 0.5
"""Where in a larger part of the photos no car is found, they are of what the detector does not know."""

AS_PROMINENT = 0.4
"""Another car of more than so much of the first's prominence may be the one that is meant: so it is in 17 of
140 street scenes, and in no photo of russian-cars-5."""


def tell_cars(photos: Sequence[ReadPhoto]) -> tuple[list[Finding], list[Skipped]]:
    """Tell the photos of which the car to learn from is not clear, each for one fault."""
    if not photos:
        return [], [Skipped(check=Kind.NO_CAR, reason=Reason.NO_PHOTOS)]
    with_car = [photo for photo in photos if photo.cars]
    findings = [*_several(with_car), *_small(with_car)]
    if len(with_car) < (1 - MOST_WITHOUT) * len(photos):
        return findings, [Skipped(check=Kind.NO_CAR, reason=Reason.MOSTLY_WITHOUT_CARS)]
    without = [
        Finding(kind=Kind.NO_CAR, photos=(photo.name,), certainty=NO_CAR_CERTAINTY, facts={})
        for photo in photos
        if not photo.cars
    ]
    return [*without, *findings], []


def _several(photos: Sequence[ReadPhoto]) -> Iterator[Finding]:
    for photo in photos:
        shares = _rivals(photo.cars)
        if len(shares) and shares.max() > AS_PROMINENT:
            share = float(shares.max())
            yield Finding(
                kind=Kind.SEVERAL_CARS,
                photos=(photo.name,),
                certainty=1 - (1 - share) / (1 - AS_PROMINENT) / 2,
                facts={"prominence": round(share, 4)},
            )


def _rivals(cars: Sequence[Car]) -> Scores:
    """How prominent the other cars are, (N,), as a share of the first.

    What has its middle inside the first is another box of that car, or is hidden by it.
    """
    boxes = np.array([car.box for car in cars], np.float32)
    found = prominence(boxes, np.array([car.score for car in cars], np.float32))
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    inside = ((middles > boxes[0, :2]) & (middles < boxes[0, 2:])).all(axis=1)
    return np.asarray(found[~inside] / found[0])


def _small(photos: Sequence[ReadPhoto]) -> Iterator[Finding]:
    for photo in photos:
        left, top, right, bottom = cut_box(photo.cars[0])
        width, height = round((right - left) * photo.width), round((bottom - top) * photo.height)
        if min(width, height) < LEAST_CAR_PX:
            facts = {"width": width, "height": height}
            yield Finding(kind=Kind.SMALL_CAR, photos=(photo.name,), facts=facts)
