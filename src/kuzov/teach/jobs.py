"""What the process that trains does; importing it takes a second."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from kuzov.bundle.layout import version_folder, versions
from kuzov.cache import default_cache
from kuzov.config import TrainConfig
from kuzov.data.dataset import Dataset, Photo, load_dataset
from kuzov.data.files import digest_of
from kuzov.data.sides import without_leaks
from kuzov.errors import DatasetError, KuzovError
from kuzov.model.backbones import find_backbone
from kuzov.progress import silent
from kuzov.report.write import write_training_report
from kuzov.teach.changes import find_changes, write_changes
from kuzov.teach.photo_store import PhotoStore
from kuzov.teach.trainer import UNEXPECTED, Tell
from kuzov.training.assignment import Assignment
from kuzov.training.features import Embedder, FeatureCache, embed_photos
from kuzov.training.kept_photos import KEPT_PHOTOS
from kuzov.training.pipeline import run_training

_log = logging.getLogger(__name__)


def train(photos: Path, trained: Path, runs: Path, tell: Tell) -> None:
    """Train as `kuzov train` does, and tell how it went, and then what the new version changes."""
    config = TrainConfig()
    split: dict[str, Any] = {"validation_fraction": config.validation_fraction, "seed": config.seed}
    try:
        look = Embedder(find_backbone(config.backbone), config).look
        with KEPT_PHOTOS:
            dataset = without_leaks(load_dataset(photos, allow_leaks=True, look=look, **split), **split)
            assignment = Assignment(
                dataset=dataset,
                out=trained,
                config=config,
                runs=runs,
                report=write_training_report,
                progress=lambda stage, done, total: tell({"stage": stage, "done": done, "total": total}),
            )
            result = run_training(assignment)
    except KuzovError as error:
        _log.error("Training failed: %s", error)
        kind, classes = ("other", ()) if not isinstance(error, DatasetError) else (error.kind, error.classes)
        tell({"failed": str(error), "kind": kind or "photos", "classes": classes})
    except Exception:
        sys.excepthook(*sys.exc_info())
        tell({"failed": UNEXPECTED, "kind": "other", "classes": ()})
    else:
        tell({"trained": int(result.bundle.name)})
        _compare(photos, dataset, result.bundle, result.run_folder, tell)


def _compare(photos: Path, dataset: Dataset, new: Path, run_folder: Path, tell: Tell) -> None:
    """Tell what the new version changes; where that fails, the version is as good as it was."""
    base = new.parents[2]
    try:
        known = versions(base)
        store = PhotoStore(photos, max_pixels=sys.maxsize)
        changes = find_changes(
            [*store.strangers(), *store.photos()],
            [photo.path for photo in dataset.validation],
            new,
            version_folder(base, known[-1]) if known else None,
            lambda done, total: tell({"stage": "compare", "done": done, "total": total}),
        )
        write_changes(run_folder, changes)
    except (KuzovError, OSError) as error:
        _log.error("What the new version changes can't be told: %s", error)
    tell({"compared": True})


def embed(photos: Sequence[Path]) -> None:
    """Remember the features of photos; where one can't be read, the others are left to the training."""
    config = TrainConfig()
    with suppress(KuzovError, OSError):
        backbone, cache = find_backbone(config.backbone), FeatureCache(default_cache() / "features")
        read = [Photo(path, path.parent.name, digest_of(path)) for path in photos]
        embed_photos(read, backbone, config, cache, silent)
