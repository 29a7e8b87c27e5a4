"""What the library offers; the command line calls the same functions."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from kuzov.config import TrainConfig
from kuzov.errors import ConfigError, MissingExtraError
from kuzov.progress import Progress, silent
from kuzov.records import ATLAS, LEAST_CAR_PX
from kuzov.words import Words, plain

if TYPE_CHECKING:
    from kuzov.bulk.answers import Rows
    from kuzov.bulk.classify import Classified
    from kuzov.data.dataset import Dataset
    from kuzov.doctor.findings import Diagnosis
    from kuzov.doctor.quarantine import Restored
    from kuzov.engine.recogniser import Recogniser
    from kuzov.explain.explainer import Saliency
    from kuzov.report.comparison import BundleComparison
    from kuzov.report.evaluation import Evaluation
    from kuzov.training.pipeline import TrainResult

StrPath = str | os.PathLike[str]

_FINE_TUNING = Words("Fine-tuning", "Дообучение")
_ON_RAY = Words("Classifying on Ray", "Классификация на Ray")
_THE_METHOD = Words("The method {method}", "Способ {method}")
_ONE_FOLDER = Words(
    "Versions and runs can't both go to {folder}, as both have the same names; give two folders.",
    "Версии и обучения не могут лежать вместе в {folder}: у них одни и те же имена; укажите две папки.",
)
_NOT_TOGETHER = Words(
    "shots and fine_tune can't go together; give one of them.",
    "shots и fine_tune не сочетаются; укажите одно из двух.",
)


def train(
    photos: StrPath,
    out: StrPath = "models/img_classifier",
    *,
    config: TrainConfig | None = None,
    runs: StrPath = "runs",
    shots: int | None = None,
    fine_tune: bool = False,
    strict: bool = False,
    allow_leaks: bool = False,
    publish: bool = False,
    tensorboard: StrPath | None = None,
    found: Callable[[Dataset], object] | None = None,
    progress: Progress = silent,
) -> TrainResult:
    """Learn to recognise cars from a folder of photos.

    Args:
        photos: A folder with a subfolder a model, or with sets of them, such as `train/` and `validation/`;
            see `kuzov.data.layout`. Or a zip of one.
        out: The model folder; the new version appears in it, whole.
        config: The settings; by default those of `TrainConfig()`.
        runs: Folder for the run's own folder: metrics.json, pictures, report.html.
        shots: Learn from so many photos of each class only, drawn from all of the folder, and judge by the
            others; 20 draws tell how good that is, and the first becomes the bundle.
        fine_tune: Also train the backbone's last layers; kept only if it is better on the validation photos.
        strict: Refuse to train where a file can't be used, rather than leave it out.
        allow_leaks: Train although a photo to judge by shows the same picture as one to learn from.
        publish: Publish the new version whatever the newest one in `out` knows. By default it is published
            where it knows all that one knows, and is not clearly worse on photos that neither has learned
            from; else it is kept in `out` unpublished, as the result says, and `publish` below publishes it.
        tensorboard: Folder for TensorBoard's logs of this run; see `kuzov.training.tensorboard`.
        found: Told what was found in the folder, before anything is learned.
        progress: Told of work done: the stage's name, how much is done, of how much.

    Raises:
        KuzovError: The photos, the settings or the folders don't allow it; the text says what to change.
    """
    started, config = time.monotonic(), config or TrainConfig()
    if fine_tune or tensorboard is not None:
        _require(
            _FINE_TUNING if fine_tune else plain("TensorBoard"),
            "keras",
            "tensorflow",
            "tensorboard",
            extra="fine-tune",
        )
    from kuzov.bundle.layout import SAVED_MODEL, holds, misplaced
    from kuzov.data.archive import errors_as_given, unpacked
    from kuzov.output_folder import require_writable
    from kuzov.training.kept_photos import KEPT_PHOTOS

    if shots is not None and fine_tune:
        raise ConfigError(_NOT_TOGETHER)
    outputs = [Path(each) for each in (out, runs, tensorboard) if each is not None]
    for each in outputs:
        require_writable(each)
    wrong = misplaced(outputs[0]) if holds(outputs[0], SAVED_MODEL) else None
    if wrong is not None:
        raise ConfigError(wrong)
    if outputs[0].resolve() == outputs[1].resolve():
        raise ConfigError(_ONE_FOLDER.fill(folder=str(out)))
    with unpacked(Path(photos)) as folder, KEPT_PHOTOS:
        dataset = _photos_to_learn_from(
            folder,
            config,
            shots=shots,
            strict=strict,
            allow_leaks=allow_leaks,
            outputs=outputs,
            progress=progress,
        )
        dataset = replace(
            dataset,
            rejected=errors_as_given(dataset.rejected, folder, Path(photos)),
            passed_over=errors_as_given(dataset.passed_over, folder, Path(photos)),
        )
        if found is not None:
            found(dataset)
        if fine_tune or tensorboard is not None:
            _load_tensorflow()
        from kuzov.report.write import write_training_report
        from kuzov.training.assignment import Assignment
        from kuzov.training.pipeline import run_training

        assignment = Assignment(
            dataset=dataset,
            out=Path(out),
            config=config,
            runs=Path(runs),
            report=write_training_report,
            shots=shots,
            fine_tuning=fine_tune,
            tensorboard=None if tensorboard is None else Path(tensorboard),
            publish_always=publish,
            progress=progress,
            started=started,
        )
        return run_training(assignment)


def publish(version: StrPath) -> Path:
    """Publish a version that `train` kept unpublished: one rename, after which servers find it.

    Args:
        version: The version's folder, or its model folder, whose newest such version is taken.

    Returns:
        Where the version is now.

    Raises:
        BundleError: There is no such version, or the folder can't be written.
    """
    from kuzov.bundle.publish import release

    return release(Path(version))


def _photos_to_learn_from(
    photos: Path,
    config: TrainConfig,
    *,
    shots: int | None,
    strict: bool,
    allow_leaks: bool,
    outputs: Sequence[Path],
    progress: Progress,
) -> Dataset:
    from kuzov.data.dataset import load_dataset
    from kuzov.model.backbones import find_backbone
    from kuzov.training.features import Embedder

    dataset = load_dataset(
        photos,
        look=Embedder(find_backbone(config.backbone), config).look,
        progress=progress,
        validation_fraction=config.validation_fraction,
        seed=config.seed,
        strict=strict,
        allow_leaks=allow_leaks or shots is not None,  # draws mix the two sides, and keep copies together
        outputs=outputs,
    )
    if shots is not None:
        from kuzov.training.shots import require_shots

        require_shots(dataset, shots)
    return dataset


def load(path: StrPath | None = None, *, precision: str = "auto") -> Recogniser:
    """Load a bundle to recognise photos in this process; needs no TensorFlow.

    Args:
        path: A model folder, whose newest version is taken, or one version's folder. By default
            models/img_classifier; where there is none, the model that comes with kuzov, which knows five
            models of cars. "atlas" is no folder: it stands for the 203 models of docs/atlas.md.
        precision: "f32", "bf16", "int8", or "auto": int8 where the model has that form, unless this
            processor is slower in it.

    Raises:
        BundleError: It is missing, incomplete or broken.
    """
    from kuzov.bundle.ready import default_model
    from kuzov.engine.recogniser import Recogniser

    if path == ATLAS:
        return Recogniser.atlas(precision=precision)
    return Recogniser.load(default_model() if path is None else path, precision=precision)


def evaluate(
    bundle: StrPath,
    photos: StrPath,
    out: StrPath | None = None,
    *,
    progress: Progress = silent,
) -> Evaluation:
    """Judge a bundle by photos of known classes, and write a report.

    Args:
        bundle: A model folder, whose newest version is taken, or one version's folder.
        photos: A folder with a subfolder a class; where a validation set lies inside, it alone is judged by,
            else a test set.
        out: Folder for report.html, its pictures and metrics.json; by default evaluations/<version>-<photos>.
        progress: Told of work done: the stage's name, how much is done, of how much.

    Raises:
        KuzovError: The bundle, the photos or the folder don't allow it; the text says what to change.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from kuzov.data.archive import unpacked
    from kuzov.report import evaluation

    folder = None if out is None else Path(out)
    with unpacked(Path(photos)) as judged:
        return evaluation.evaluate(Path(bundle), judged, folder, given=Path(photos), progress=progress)


def compare(
    a: StrPath,
    b: StrPath,
    photos: StrPath,
    out: StrPath | None = None,
    *,
    progress: Progress = silent,
) -> BundleComparison:
    """Set two bundles side by side on the same photos, with McNemar's test.

    Args:
        a: A model folder, whose newest version is taken, or one version's folder.
        b: Another with the same classes.
        photos: As for `evaluate`.
        out: Folder for comparison.html and comparison.json; by default none is written.
        progress: Told of work done: the stage's name, how much is done, of how much.

    Raises:
        KuzovError: The bundles, the photos or the folder don't allow it; the text says what to change.
    """
    from kuzov.data.archive import unpacked
    from kuzov.report import comparison
    from kuzov.report.comparison_page import write_comparison
    from kuzov.report.evaluation import require_folder

    if out is not None:
        require_folder(Path(out))
    with unpacked(Path(photos)) as judged:
        result = comparison.compare(Path(a), Path(b), judged, given=Path(photos), progress=progress)
    if out is not None:
        write_comparison(result, Path(out))
    return result


def classify(
    source: StrPath,
    out: StrPath,
    *,
    model: StrPath | None = None,
    column: str | None = None,
    precision: str = "auto",
    restart: bool = False,
    retry_failed: bool = False,
    ray: str | None = None,
    all_cars: bool = False,
    least_car_px: int = LEAST_CAR_PX,
    progress: Progress = silent,
) -> Classified:
    """Recognise any number of photos, and keep the answers on disk; a later call does only what is new.

    Parquet, addresses and Ray need kuzov[cluster].

    Args:
        source: A folder, searched with all its folders; a pattern such as photos/**/*.jpg; a text file with a
            path or an address a line; a Parquet file or, with `column`, a folder of them. Each may be an
            address too, such as s3://bucket/folder.
        out: A table if the name ends in .csv or .xlsx, a file of JSON lines if in .jsonl, and without an
            ending a folder of Parquet parts.
        model: A model folder or one version's folder; by default as for `load`.
        column: The Parquet column that names photos; by default the only one of strings, or `photo`.
        precision: As for `load`.
        restart: Remove the results that are there first.
        retry_failed: Try photos of the source again that could not be read before.
        ray: The Ray cluster that does it: its address as HOST:PORT, "auto" for the one that this machine is a
            part of, or "local" for one begun here; by default this process does it.
        all_cars: Give each car of a photo a row, not only the most prominent one; a photo without a car has
            one too.
        least_car_px: A car of which a side has fewer pixels is told to be small.
        progress: Told of work done: the stage's name, how much is done, of how much.

    Raises:
        KuzovError: The source, the model or the results don't allow it; the text says what to change. A photo
            that can't be read is no error of this call's, but told in its row.
    """
    from kuzov.bulk import classify as bulk
    from kuzov.bundle.card import read_card
    from kuzov.bundle.layout import resolve
    from kuzov.bundle.ready import default_model

    version_dir = resolve(default_model() if model is None else Path(model))
    if all_cars:
        read_card(version_dir).require_cars()
    options = {"precision": precision, "all_cars": all_cars, "least_car_px": least_car_px}
    with _bulk_answering(ray) as answering:
        return bulk.classify(
            os.fspath(source),
            Path(out),
            version_dir=version_dir,
            answering=partial(answering, version_dir=version_dir, **options),
            all_cars=all_cars,
            column=column,
            restart=restart,
            retry_failed=retry_failed,
            progress=progress,
        )


@contextmanager
def _bulk_answering(ray: str | None) -> Iterator[Callable[..., Generator[Rows]]]:
    """What answers for many photos: this process, or the cluster at an address."""
    if ray is None:
        from kuzov.bulk.local import classify_here

        yield classify_here
        return
    _require(_ON_RAY, "ray", "pyarrow", extra="cluster")
    from kuzov.ray.bulk import classify_on_ray
    from kuzov.ray.cluster import connected

    with connected(ray):
        yield classify_on_ray


def explain(
    photo: StrPath | bytes,
    model: StrPath | None = None,
    *,
    method: str = "layer-cam",
    label: str | None = None,
) -> Saliency:
    """Tell where a bundle's model looks in a photo.

    For many photos, load a `kuzov.explain.explainer.Explainer` once.

    Args:
        photo: A file's path, or an encoded photo: JPEG, PNG, WebP, BMP.
        model: A model folder or one version's folder; by default as for `load`.
        method: "layer-cam" or "grad-cam++", or "smoothgrad" or "gradient", which need kuzov[fine-tune]; see
            `kuzov.explain.methods`.
        label: Id of the class to explain; the most probable one if None.

    Raises:
        KuzovError: The photo, the model or the class don't allow it; the text says what to change.
    """
    from kuzov.bundle.ready import default_model
    from kuzov.explain.explainer import Explainer
    from kuzov.explain.methods import OF_PIXELS

    explainer = Explainer.load(default_model() if model is None else Path(model))
    if method in OF_PIXELS:
        _require(_THE_METHOD.fill(method=method), "tensorflow", extra="fine-tune")
        # What is wrong with the photo or the class is told before TensorFlow's seconds of loading.
        explainer.explain(photo, label=label)
        _load_tensorflow()
    return explainer.explain(photo, method=method, label=label)


def diagnose(
    photos: StrPath,
    *,
    fix: bool = False,
    report: StrPath | None = None,
    progress: Progress = silent,
) -> Diagnosis:
    """Find what is wrong with a folder of photos, in whatever state it is.

    Args:
        photos: A folder or a zip as for `train`, which may be one that `train` refuses.
        fix: Move what is certainly no loss into a quarantine beside the folder: files that can't be read, all
            but one of exact copies in a class, and training photos that show what a validation photo shows.
            `restore_photos` puts them back.
        report: File for a page with thumbnails; by default none is written.
        progress: Told of work done: the stage's name, how much is done, of how much.

    Raises:
        KuzovError: There is no such folder, it has no photo, or the quarantine or the page can't be written.
    """
    from kuzov.doctor import diagnose as checks

    page = None if report is None else Path(report)
    return checks.diagnose(Path(photos), fix=fix, report=page, progress=progress)


def restore_photos(photos: StrPath) -> Restored:
    """Put back what `diagnose` last moved out of a folder of photos.

    Raises:
        KuzovError: Nothing was moved out of it, or a file can't be put back.
    """
    from kuzov.doctor import quarantine

    return quarantine.restore(Path(photos))


def _require(needed_for: Words, *packages: str, extra: str) -> None:
    """Refuse what needs packages that are not installed."""
    if any(find_spec(package) is None for package in packages):
        raise MissingExtraError(needed_for, extra)


def _load_tensorflow() -> None:
    """Import TensorFlow without its greeting; what matters comes as an exception."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from kuzov.engine.tensorflow import silent_stderr

    with silent_stderr():
        import tensorflow  # noqa: F401
