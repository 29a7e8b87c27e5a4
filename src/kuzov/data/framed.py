"""The photos that a bundle was trained on, as its network sees them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from kuzov.bundle.card import Card
from kuzov.cars.cut_out import read_cut_out
from kuzov.config import TrainConfig
from kuzov.cores import usable_cores
from kuzov.data.dataset import Photo, fingerprint, load_dataset
from kuzov.errors import DatasetError
from kuzov.images.framing import Pixels
from kuzov.progress import Progress
from kuzov.records import FramedPhotos

MOST_LEARNED = 300
MOST_JUDGED = 1000


def frame_photos(folder: Path, card: Card, progress: Progress) -> FramedPhotos:
    """Read a folder of photos, divided as it was for training; of many photos, some of every class.

    Args:
        folder: What the bundle was trained on.
        card: The bundle's.
        progress: Told of work done: "read".

    Raises:
        DatasetError: The folder can't be used, or has other classes than the bundle.
    """
    defaults = TrainConfig()
    dataset = load_dataset(
        folder,
        validation_fraction=card.config.get("validation_fraction", defaults.validation_fraction),
        seed=card.config.get("seed", defaults.seed),
        allow_leaks=True,  # whoever trained the bundle took the photos so
    )
    columns = {each.id: column for column, each in enumerate(card.classes)}
    if sorted(dataset.classes) != sorted(columns):
        raise DatasetError(
            f"The photos in {folder} are of {', '.join(dataset.classes)}, but the bundle knows "
            f"{', '.join(sorted(columns))}; give the photos that it was trained on."
        )
    learned, judged = _spread(dataset.train, MOST_LEARNED), _spread(dataset.validation, MOST_JUDGED)
    frames = _frames((*learned, *judged), card, progress)
    return FramedPhotos(
        learned=frames[: len(learned)],
        judged=frames[len(learned) :],
        columns=np.array([columns[photo.label] for photo in judged]),
        fingerprint=fingerprint(dataset.train + dataset.validation),
    )


def _spread(photos: Sequence[Photo], most: int) -> list[Photo]:
    """As many of the photos as may be, of all classes alike: they are sorted by class."""
    rows = np.linspace(0, len(photos) - 1, min(most, len(photos))).round().astype(int)
    return [photos[row] for row in rows]


def _frames(photos: Sequence[Photo], card: Card, progress: Progress) -> Pixels:
    images = np.empty((len(photos), card.image_px, card.image_px, 3), np.uint8)

    def frame(photo: Photo) -> Pixels:
        return read_cut_out(photo.path, card.image_px, card.framing).pixels

    with ThreadPoolExecutor(usable_cores()) as pool:
        for row, image in enumerate(pool.map(frame, photos)):
            progress("read", row, len(photos))
            images[row] = image
    progress("read", len(photos), len(photos))
    return images
