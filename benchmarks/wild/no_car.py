"""Photos without a car, asked of the recogniser that comes with kuzov."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.process import REPOSITORY
from benchmarks.wild.figure import Figure, share
from benchmarks.wild.recognisers import answers

FOLDER = REPOSITORY / ".no-car"


def measure(_wild: Path) -> Iterator[Figure]:
    """The photos that `python -m benchmarks.no_car_photos .no-car` collects."""
    files = sorted(FOLDER.glob("*.jpg"))
    if not files:
        sys.exit(f"{FOLDER} has no photos: run python -m benchmarks.no_car_photos {FOLDER.name} first.")
    found = answers(files)
    yield share("told to show no car", [answer.no_car for answer in found])
    yield share("told unknown", [answer.is_unknown for answer in found])
