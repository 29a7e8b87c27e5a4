"""What the library offers; the command line calls the same functions."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from kuzov.config import TrainConfig
from kuzov.data.photos import load_dataset
from kuzov.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from kuzov.engine.recogniser import Recogniser
    from kuzov.training.optimise import Optimisation
    from kuzov.training.pipeline import TrainResult

StrPath = str | os.PathLike[str]


def train(
    photos: StrPath,
    out: StrPath = "models/img_classifier",
    *,
    config: TrainConfig | None = None,
    runs: StrPath = "runs",
    shots: int | None = None,
    fine_tune: bool = False,
    strict: bool = False,
    tensorboard: StrPath | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> TrainResult:
    """Learn to recognise cars from a folder of photos; needs kuzov[train].

    Args:
        photos: A folder with a subfolder a model; or `train/` and `validation/` inside, each so.
        out: The model folder; the new version appears in it, whole.
        config: The settings; by default those of `TrainConfig()`.
        runs: Folder for the run's own folder: metrics.json, pictures, report.html.
        shots: Learn from so many photos of each class only, drawn from all of the folder, and judge by the
            others; 20 draws tell how good that is, and the first becomes the bundle.
        fine_tune: Also train the backbone's last layers; kept only if it is better on the validation photos.
        strict: Refuse to train where a file can't be used, rather than leave it out.
        tensorboard: Folder for TensorBoard's logs of the fine-tuning.
        progress: Told of work done: the stage's name, how much is done, of how much.

    Raises:
        KuzovError: The photos, the settings or the folders don't allow it; the text says what to change.
    """
    for package in ("tensorflow", "sklearn", "matplotlib", "safetensors"):
        if find_spec(package) is None:
            raise MissingExtraError("Training", "train")
    if shots is not None and fine_tune:
        raise ConfigError("shots and fine_tune can't go together; give one of them.")
    started, config = time.monotonic(), config or TrainConfig()
    # Wrong photos are told before TensorFlow's seconds of loading.
    dataset = load_dataset(
        Path(photos), validation_fraction=config.validation_fraction, seed=config.seed, strict=strict
    )
    if shots is not None:
        from kuzov.training.shots import require_shots

        require_shots(dataset, shots)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what matters comes as an exception
    from kuzov.engine.tensorflow import silent_stderr

    with silent_stderr():
        import tensorflow  # noqa: F401
    from kuzov.report.write import write_report
    from kuzov.training.pipeline import run_training
    from kuzov.training.progress import silent

    result = run_training(
        dataset,
        Path(out),
        config,
        runs=Path(runs),
        shots=shots,
        fine_tuning=fine_tune,
        tensorboard=None if tensorboard is None else Path(tensorboard),
        progress=progress or silent,
        started=started,
    )
    write_report(result.run_folder)
    return result


def load(path: StrPath | None = None, *, precision: str = "auto") -> Recogniser:
    """Load a bundle to recognise photos in this process; needs no TensorFlow.

    Args:
        path: A model folder, whose newest version is taken, or one version's folder. By default
            models/img_classifier; where there is none, the model that comes with kuzov, which knows five
            models of cars.
        precision: "f32", "bf16", or "auto", what was proved at export.

    Raises:
        BundleError: It is missing, incomplete or broken.
    """
    from kuzov.bundle.ready import default_model
    from kuzov.engine.recogniser import Recogniser

    return Recogniser.load(default_model() if path is None else path, precision=precision)


def optimize(
    bundle: StrPath, photos: StrPath, *, progress: Callable[[str, int, int], None] | None = None
) -> Optimisation:
    """Add an int8 form to a bundle, kept where it answers as well; needs kuzov[optimize].

    Args:
        bundle: A model folder, whose newest version is taken, or one version's folder.
        photos: The folder of photos that it was trained on.
        progress: Told of work done: the stage's name, how much is done, of how much.

    Raises:
        KuzovError: The bundle or the photos don't allow it; the text says what to change.
    """
    from kuzov.training.optimise import optimise
    from kuzov.training.progress import silent

    return optimise(Path(bundle), Path(photos), progress=progress or silent)
