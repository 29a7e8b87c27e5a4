"""What a run of training is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kuzov.config import TrainConfig
from kuzov.data.dataset import Dataset
from kuzov.progress import Progress, silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a run of training is told; attributes that are not explained here are as in `kuzov.train`.

    Attributes:
        dataset: The photos.
        report: Makes the run's report from the run's folder, and puts it into the folder that becomes the
            version; where it fails, neither folder stays.
        publish_always: Whether the new version is published although it may not replace the newest one in
            `out`; else it is then kept beside the versions.
        started: A reading of `time.monotonic`, from which the seconds that are reported count.
    """

    dataset: Dataset
    out: Path
    config: TrainConfig
    runs: Path
    report: Callable[[Path, Path], object]
    shots: int | None = None
    fine_tuning: bool = False
    tensorboard: Path | None = None
    publish_always: bool = True
    progress: Progress = silent
    started: float = field(default_factory=time.monotonic)
