"""Features of all photos that a backbone is judged on."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.photos import shared_data
from kuzov.config import TrainConfig
from kuzov.data.dataset import load_dataset
from kuzov.images.decode import decode
from kuzov.images.framing import frame
from kuzov.model.backbones import Backbone
from kuzov.model.head import Features, Labels
from kuzov.training.features import feature_network
from kuzov.training.views import view_photo
from recipes.backbone.photos import StanfordCars, load_stanford_cars
from recipes.backbone.product import embed


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSet:
    """What one backbone makes of every photo; not normalised.

    Attributes:
        russian: russian-cars-5, train and validation, (N, V, D): every view that a head learns from.
        russian_labels: (N,) in 0..4.
        russian_groups: A name a photo; the same file twice has one.
        validates: Which of them are validation photos, (N,).
        stanford: Stanford Cars, (M, D), as the recogniser is shown a photo.
        cars: Their labels, splits and names.
        no_car: Photos without a car, (K, D); none where they were not collected.
    """

    russian: Features
    russian_labels: Labels
    russian_groups: Sequence[str]
    validates: npt.NDArray[np.bool_]
    stanford: Features
    cars: StanfordCars
    no_car: Features

    def stanford_of(self, models: Sequence[int]) -> Features:
        """Photos of these models, (m, D)."""
        return self.stanford[np.isin(self.cars.labels, models)]


def embed_everything(backbone: Backbone, no_car: Path) -> FeatureSet:
    """Embed russian-cars-5 and Stanford Cars, and the JPEG files in `no_car`."""
    network, config, image_px = feature_network(backbone), TrainConfig(), backbone.image_px
    dataset = load_dataset(shared_data("russian-cars-5"), validation_fraction=0.25, seed=0, strict=False)
    photos = dataset.train + dataset.validation
    cars = _stanford_cars(shared_data("stanford-cars"))
    rng = np.random.default_rng(0)
    return FeatureSet(
        russian=np.stack(
            [embed(network, [*view_photo(decode(photo.path), image_px, config, rng)]) for photo in photos]
        ),
        russian_labels=np.array([dataset.classes.index(photo.label) for photo in photos]),
        russian_groups=[photo.digest for photo in photos],
        validates=np.arange(len(photos)) >= len(dataset.train),
        stanford=embed(network, (frame(Image.fromarray(pixels), image_px) for pixels in cars.pixels)),
        cars=cars,
        no_car=embed(network, (frame(decode(file), image_px) for file in sorted(no_car.glob("*.jpg")))),
    )


@functools.cache
def _stanford_cars(folder: Path) -> StanfordCars:
    """Two gigabytes of pixels, decoded once however many backbones see them."""
    return load_stanford_cars(folder)
