"""A folder of photos as arrays to learn from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kuzov.config import TrainConfig
from kuzov.cores import a_few_ahead
from kuzov.data.dataset import Dataset, Photo, fingerprint
from kuzov.data.names import load_names
from kuzov.images.framing import Pixels
from kuzov.model.backbones import Backbone
from kuzov.model.head import Features, Labels
from kuzov.progress import Progress
from kuzov.records import ClassName
from kuzov.run_metrics import Photos, Rejected
from kuzov.training.features import FeatureCache, embed_photos
from kuzov.training.judge import Rows
from kuzov.training.kept_photos import KEPT_PHOTOS


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningSet:
    """Photos and their features; rows are the training photos, then the validation photos.

    Attributes:
        dataset: What was read.
        names: Ids and display names of the classes, in the order of the columns.
        labels: Column of each photo, (N,).
        groups: Picture of each photo by name; near duplicates have one name.
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

    def divided(self, train: Rows, validation: Rows) -> LearningSet:
        """Photos by their rows here, on new sides; rows that neither side has are left out."""
        learned, judged = (tuple(self.photos[row] for row in side) for side in (train, validation))
        rows = np.concatenate([train, validation])
        return replace(
            self,
            dataset=replace(self.dataset, train=learned, validation=judged),
            labels=self.labels[rows],
            groups=[self.groups[row] for row in rows],
            features=self.features[rows],
        )

    def frames(self, rows: slice, image_px: int) -> Pixels:
        """What the recogniser is shown of some photos: uint8 (n, image_px, image_px, 3)."""
        return np.stack([*a_few_ahead(lambda photo: KEPT_PHOTOS.cut_out(photo, image_px), self.photos[rows])])

    def describe(self) -> Photos:
        """What the run's metrics say of the photos."""
        return Photos(
            train=dict(Counter(photo.label for photo in self.dataset.train)),
            validation=dict(Counter(photo.label for photo in self.dataset.validation)),
            rejected=tuple(map(Rejected.of, self.dataset.rejected)),
            passed_over=tuple(map(Rejected.of, self.dataset.passed_over)),
            fingerprint=fingerprint(self.photos),
            folder=str(self.dataset.root.resolve()),
        )


def embed_dataset(
    dataset: Dataset, backbone: Backbone, config: TrainConfig, cache: Path, *, progress: Progress
) -> LearningSet:
    """Embed all photos of a dataset.

    Raises:
        DatasetError: The folder's classes.toml is wrong; see `kuzov.data.names.load_names`.
    """
    photos = dataset.train + dataset.validation
    column = {label: index for index, label in enumerate(dataset.classes)}
    return LearningSet(
        dataset=dataset,
        names=load_names(dataset.root, dataset.classes),
        labels=np.array([column[photo.label] for photo in photos], np.int64),
        groups=[photo.group for photo in photos],
        features=embed_photos(photos, backbone, config, FeatureCache(cache / "features"), progress),
    )
