"""What is judged: the recogniser that comes with kuzov, and those that a user teaches."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path

import kuzov
from kuzov.bundle.ready import ready_model
from kuzov.cache import default_cache
from kuzov.config import TrainConfig
from kuzov.data.dataset import Photo, load_dataset
from kuzov.data.files import digest_of
from kuzov.engine.recogniser import Recogniser
from kuzov.images import decode
from kuzov.model.backbones import find_backbone
from kuzov.model.classifier import Classifier
from kuzov.model.head import Features
from kuzov.progress import silent
from kuzov.records import Prediction
from kuzov.training.candidate import first_stage
from kuzov.training.features import FeatureCache, embed_photos
from kuzov.training.judge import Rows
from kuzov.training.learning_set import LearningSet, embed_dataset

CONFIG = TrainConfig()
BACKBONE = find_backbone(CONFIG.backbone)


@functools.cache
def _ready() -> Recogniser:
    return kuzov.load(ready_model())


def answers(photos: Iterable[decode.Photo]) -> list[Prediction]:
    """What the recogniser that comes with kuzov says of photos."""
    return [_ready().predict(photo) for photo in photos]


def learning_set(folder: Path) -> LearningSet:
    """All photos of a folder of class folders."""
    dataset = load_dataset(
        folder, validation_fraction=CONFIG.validation_fraction, seed=CONFIG.seed, allow_leaks=True
    )
    return embed_dataset(dataset, BACKBONE, CONFIG, default_cache(), progress=silent)


def features_of(files: Iterable[Path]) -> Features:
    """What the recogniser makes of photos to be asked about, (N, D)."""
    photos = [Photo(path=file, label="", digest=digest_of(file)) for file in files]
    cache = FeatureCache(default_cache() / "features")
    return embed_photos(photos, BACKBONE, CONFIG, cache, silent)[:, 0]


def taught(data: LearningSet, known: Rows, spare: Rows | None = None) -> Classifier:
    """What `kuzov train` makes for one who has these photos in train/, the spare ones in validation/.

    Spare photos are wanted only where a model has a single known one: to calibrate by.
    """
    data = data.divided(known, known[:0] if spare is None else spare)
    candidate, _ = first_stage(data, BACKBONE, CONFIG)
    return candidate.classifier
