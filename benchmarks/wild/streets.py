"""Whether cars are found where they stand in street scenes."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.wild.figure import Array, Figure, share
from kuzov.cars.detector import find_cars, overlap
from kuzov.images.decode import decode

LEAST_OVERLAP = 0.5
# By a car's part of the photo's width.
SIZES = {"under a quarter": (0, 1 / 4), "a quarter to a half": (1 / 4, 1 / 2), "over a half": (1 / 2, 1.01)}


def measure(wild: Path) -> Iterator[Figure]:
    """A car is found where a box shares half of what it and the car's box cover together."""
    streets, truth = wild / "streets", read_boxes(wild / "streets" / "boxes.csv")
    found, widths, first, largest = [], [], [], []
    for name, pixels in truth.items():
        photo = decode(streets / name)
        cars = pixels / np.tile(photo.size, 2)
        boxes = np.array([car.box for car in find_cars(photo)]).reshape(-1, 4)
        hits = [overlap(boxes, car) >= LEAST_OVERLAP for car in cars]
        found += [hit.any() for hit in hits]
        widths += [right - left for left, _, right, _ in cars]
        main = int(np.argmax(np.prod(cars[:, 2:] - cars[:, :2], axis=1)))
        largest.append(hits[main].any())
        first.append(hits[main][:1].any())
    yield share("the largest car is found", largest)
    yield share("the largest car is taken for the main one", first)
    for size, (least, most) in SIZES.items():
        sized = (np.array(widths) >= least) & (np.array(widths) < most)
        yield share(f"cars of {size} of the width: found", np.array(found)[sized])


def read_boxes(file: Path) -> dict[str, Array]:
    """The cars of each photo by its name: left, top, right, bottom in pixels, (cars, 4)."""
    boxes: dict[str, list[Sequence[float]]] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            sides = [float(row[side]) for side in ("left", "top", "right", "bottom")]
            boxes.setdefault(row["file"], []).append(sides)
    return {name: np.array(each) for name, each in boxes.items()}
