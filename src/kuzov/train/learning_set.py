"""A folder of photos as arrays to learn from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kuzov.config import TrainConfig
from kuzov.data.names import load_names
from kuzov.data.photos import Dataset, Photo, fingerprint, load_dataset
from kuzov.images.decode import decode
from kuzov.images.framing import Pixels, frame
from kuzov.model.backbones import Backbone
from kuzov.model.head import Features, Labels
from kuzov.records import ClassName
from kuzov.train.features import FeatureCache, embed_photos
from kuzov.train.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningSet:
    """Photos and their features; rows are the training photos, then the validation photos.

    Attributes:
        dataset: What was read.
        names: Ids and display names of the classes, in the order of the columns.
        labels: Column of each photo, (N,).
        groups: Content of each photo by name; the same file twice has one name.
        features: (N, V, D), not normalised.
    """

    dataset: Dataset
    names: tuple[ClassName, ...]
    labels: Labels
    groups: Sequence[str]
    features: Features

    @property
    def photos(self) -> tuple[Photo, ...]:
        """All photos, in the order of the rows."""
        return self.dataset.train + self.dataset.validation

    @property
    def train(self) -> slice:
        """Rows of the training photos."""
        return slice(0, len(self.dataset.train))

    @property
    def validation(self) -> slice:
        """Rows of the validation photos."""
        return slice(len(self.dataset.train), None)

    def frames(self, rows: slice, image_px: int) -> Pixels:
        """What the recogniser is shown of some photos: uint8 (n, image_px, image_px, 3)."""
        return np.stack([frame(decode(photo.path), image_px) for photo in self.photos[rows]])

    def describe(self) -> dict[str, Any]:
        """Counts, rejected files and the fingerprint, as JSON."""
        return {
            "train": dict(Counter(photo.label for photo in self.dataset.train)),
            "validation": dict(Counter(photo.label for photo in self.dataset.validation)),
            "rejected": [{"photo": each.photo, "reason": each.reason} for each in self.dataset.rejected],
            "fingerprint": fingerprint(self.photos),
        }


def read_learning_set(
    folder: Path, backbone: Backbone, config: TrainConfig, cache: Path, *, strict: bool, progress: Progress
) -> LearningSet:
    """Read a folder of photos and embed them.

    Raises:
        DatasetError: The folder can't be learned from; see `kuzov.data.photos.load_dataset`.
    """
    dataset = load_dataset(
        folder, validation_fraction=config.validation_fraction, seed=config.seed, strict=strict
    )
    photos = dataset.train + dataset.validation
    column = {label: index for index, label in enumerate(dataset.classes)}
    return LearningSet(
        dataset=dataset,
        names=load_names(folder, dataset.classes),
        labels=np.array([column[photo.label] for photo in photos], np.int64),
        groups=[photo.digest for photo in photos],
        features=embed_photos(photos, backbone, config, FeatureCache(cache / "features"), progress),
    )
