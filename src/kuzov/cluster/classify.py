"""Label many photos: what is done stays done, and the next run does the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from kuzov.bundle.layout import resolve
from kuzov.cluster import remote
from kuzov.cluster.answers import Answer, ModelName
from kuzov.cluster.labeller import Labeller, model_name
from kuzov.cluster.local import classify_here
from kuzov.cluster.plan import Plan
from kuzov.cluster.results import open_results
from kuzov.cluster.source import Source
from kuzov.cores import usable_cores
from kuzov.errors import MissingExtraError, SourceError
from kuzov.images.decode import EXTENSIONS

Progress = Callable[[str, int, int], None]

_TELL_EVERY = 1000  # photos that are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """What a run did.

    Attributes:
        results: Where the answers are.
        model: Which model answered.
        listed: Photos that the source names, repetitions too.
        classified: Photos that this run answered for, those that could not be read too; the results held the
            others already.
        failed: Those of `classified` that could not be read.
        left_out: Files of a folder that are no photos by their name, counted by its ending.
        seconds: How long the answering took.
    """

    results: Path
    model: ModelName
    listed: int
    classified: int
    failed: int
    left_out: dict[str, int] = field(default_factory=dict)
    seconds: float

    def to_json(self) -> dict[str, object]:
        """The object that `--json` prints."""
        return {
            "results": str(self.results),
            "model": self.model.name,
            "version": self.model.version,
            "listed": self.listed,
            "classified": self.classified,
            "failed": self.failed,
            "left_out": self.left_out,
            "seconds": round(self.seconds, 3),
        }


def classify(
    source: str,
    out: Path,
    *,
    model: Path,
    column: str | None = None,
    precision: str = "auto",
    restart: bool = False,
    retry_failed: bool = False,
    ray: str | None = None,
    progress: Progress,
) -> Classified:
    """Answer for every photo of a source that the results do not hold yet.

    However it is ended, what was answered is kept but for the last minute, and another call goes on there.

    Args:
        source: A folder, a pattern, a list or a Parquet file; a path or an address.
        out: A file of JSON lines by its name, or a folder of Parquet parts.
        model: A model folder, whose newest version is taken, or one version's folder.
        column: The Parquet column that names photos; None for the only one of strings, or `photo`.
        precision: "auto", "f32", "bf16" or "int8"; see `kuzov.engine.openvino.load`.
        restart: Remove the results that are there first.
        retry_failed: Answer anew for photos of the source that could not be read before.
        ray: The Ray cluster that answers, as `kuzov.ray_cluster.connected` takes it; None for this process.
        progress: Told of work done: the stage, "list" or "classify", how much is done, of how much.

    Raises:
        KuzovError: The source, the model or the results don't allow it; the text says what to change.
    """
    version_dir = resolve(model)
    name = model_name(version_dir)
    photos = Source(source, column=column)
    with _cluster(ray), open_results(out, name) as results, Plan() as plan:
        if not restart:
            plan.leave_out(results.photos(failed=not retry_failed))
        _make_plan(plan, photos, progress)
        started, failed = time.monotonic(), 0
        if plan.left:
            left = plan.photos(by_name=photos.by_name)
            if ray is None:
                answering = _here(left, version_dir, precision)
            else:
                answering = _on_ray(left, plan.left, version_dir, precision)
            started = time.monotonic()
            with closing(answering) as answers:
                first = next(answers)
                if restart:  # only now that nothing can be wrong with the model or the cluster
                    results.clear()
                elif retry_failed:
                    results.remove_failed(plan.holds)
                failed = _keep(chain([first], answers), results.add, plan.left, progress)
    return Classified(
        results=out,
        model=name,
        listed=plan.listed,
        classified=plan.left,
        failed=failed,
        left_out=dict(photos.left_out),
        seconds=time.monotonic() - started,
    )


def _cluster(address: str | None) -> AbstractContextManager[object]:
    if address is None:
        return nullcontext()
    try:
        from kuzov.ray_cluster import connected  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError("Classifying on Ray", "cluster") from error
    return connected(address)


def _here(photos: Iterator[str], version_dir: Path, precision: str) -> Generator[Answer]:
    cores = usable_cores()
    labeller = Labeller.load(version_dir, precision=precision, threads=cores)
    return classify_here(photos, labeller, cores=cores)


def _on_ray(photos: Iterator[str], count: int, version_dir: Path, precision: str) -> Generator[Answer]:
    from kuzov.cluster.on_ray import classify_on_ray  # noqa: PLC0415

    return classify_on_ray(photos, count, version_dir=version_dir, precision=precision)


def _make_plan(plan: Plan, source: Source, progress: Progress) -> None:
    schemes: set[str] = set()
    for photo in source:
        plan.add(photo)
        if remote.is_remote(photo):
            schemes.add(remote.scheme_of(photo))
        if plan.listed % _TELL_EVERY == 0:
            progress("list", plan.listed, 0)
    remote.require(schemes)
    if not plan.listed:
        found = f"; of photos the names end in {', '.join(EXTENSIONS)}" if source.left_out else ""
        raise SourceError(f"There is no photo in {source.text}{found}.")


def _keep(answers: Iterator[Answer], add: Callable[[Answer], None], total: int, progress: Progress) -> int:
    """Add answers to the results as they come; how many tell of a failure."""
    failed = 0
    progress("classify", 0, total)
    for done, answer in enumerate(answers, start=1):
        add(answer)
        failed += answer.error is not None
        progress("classify", done, total)
    return failed
