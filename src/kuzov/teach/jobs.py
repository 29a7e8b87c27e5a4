"""What the process that trains does; importing it takes a second."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from kuzov.config import TrainConfig
from kuzov.data.dataset import Photo, load_dataset
from kuzov.data.files import digest_of
from kuzov.errors import KuzovError
from kuzov.model.backbones import find_backbone
from kuzov.progress import silent
from kuzov.report.write import write_training_report
from kuzov.teach.trainer import UNEXPECTED, Tell
from kuzov.training.features import FeatureCache, default_cache, embed_photos
from kuzov.training.pipeline import run_training


def train(photos: Path, trained: Path, runs: Path, tell: Tell) -> None:
    """Train as `kuzov train` does, and tell how it went."""
    config = TrainConfig()
    try:
        dataset = load_dataset(photos, validation_fraction=config.validation_fraction, seed=config.seed)
        result = run_training(
            dataset,
            trained,
            config,
            runs=runs,
            report=write_training_report,
            progress=lambda stage, done, total: tell({"stage": stage, "done": done, "total": total}),
        )
    except KuzovError as error:
        tell({"failed": str(error)})
    except Exception:
        sys.excepthook(*sys.exc_info())
        tell({"failed": UNEXPECTED})
    else:
        tell({"trained": int(result.bundle.name)})


def embed(photos: Sequence[Path]) -> None:
    """Remember the features of photos; where one can't be read, the others are left to the training."""
    config = TrainConfig()
    backbone, cache = find_backbone(config.backbone), FeatureCache(default_cache() / "features")
    with suppress(KuzovError, OSError):
        read = [Photo(path, path.parent.name, digest_of(path)) for path in photos]
        embed_photos(read, backbone, config, cache, silent)
