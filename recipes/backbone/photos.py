"""Stanford Cars as arrays in memory."""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from kuzov.errors import KuzovError

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class StanfordCars:
    """The photos and what they show.

    Attributes:
        pixels: Each photo, RGB uint8 (height, width, 3), short side 256.
        labels: Class number of each, (N,) in 0..195.
        trains: Whether each is of the training split, (N,).
        names: Name of each class number.
    """

    pixels: Sequence[Pixels]
    labels: npt.NDArray[np.int64]
    trains: npt.NDArray[np.bool_]
    names: Sequence[str]

    def rows(self, *, training: bool, held_out: Sequence[int] = ()) -> npt.NDArray[np.int64]:
        """Numbers of the photos of a split whose models are not held out."""
        return np.flatnonzero((self.trains == training) & ~np.isin(self.labels, held_out))


def load_stanford_cars(folder: Path) -> StanfordCars:
    """Decode images.tar beside labels.csv (columns file, class_id, class_name, split).

    Raises:
        KuzovError: The folder lacks one of them.
    """
    try:
        with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        encoded = read_members(folder / "images.tar")
    except OSError as error:
        raise KuzovError(f"{folder} does not hold Stanford Cars: {error}.") from error
    with ThreadPoolExecutor() as pool:
        pixels = list(pool.map(_decode, (encoded[row["file"]] for row in rows)))
    names = {int(row["class_id"]): row["class_name"] for row in rows}
    return StanfordCars(
        pixels=pixels,
        labels=np.array([int(row["class_id"]) for row in rows]),
        trains=np.array([row["split"] == "train" for row in rows]),
        names=[names[number] for number in range(len(names))],
    )


def read_members(path: Path) -> dict[str, bytes]:
    """The files in a tar by their names without folders."""
    members = {}
    with tarfile.open(path) as tar:
        for member in tar:
            file = tar.extractfile(member)
            if file is not None:
                members[Path(member.name).name] = file.read()
    return members


def _decode(encoded: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))
