"""Label many photos: what is done stays done, and the next run does the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from kuzov.bulk import remote
from kuzov.bulk.answers import ModelName, Rows
from kuzov.bulk.labeller import model_name
from kuzov.bulk.plan import Plan
from kuzov.bulk.results import open_results
from kuzov.bulk.source import Source
from kuzov.errors import SourceError
from kuzov.images.folder import NAMES_OF_PHOTOS
from kuzov.images.formats import EXTENSIONS
from kuzov.progress import Progress
from kuzov.words import Words

Answering = Callable[[Iterator[str], int], Generator[Rows]]
"""Answers for photos, so many of them, in whatever order they are ready."""

NO_PHOTO = Words("There is no photo in {source}{hint}.", "В {source} нет фотографий{hint}.")

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
    left_out: dict[str, int]
    seconds: float

    def to_json(self) -> dict[str, object]:
        """The object that `--json` prints."""
        counts = {"listed": self.listed, "classified": self.classified, "failed": self.failed}
        model = {"model": self.model.name, "version": self.model.version}
        rest = {"left_out": self.left_out, "seconds": round(self.seconds, 3)}
        return {"results": str(self.results), **model, **counts, **rest}


def classify(
    source: str,
    out: Path,
    *,
    version_dir: Path,
    answering: Answering,
    all_cars: bool,
    column: str | None,
    restart: bool,
    retry_failed: bool,
    progress: Progress,
) -> Classified:
    """Answer for every photo of a source that the results do not hold yet; see `kuzov.api.classify`.

    However it is ended, what was answered is kept but for the last minute, and another call goes on there.
    Where something is left to do, `answering` is called.
    """
    model, photos = model_name(version_dir), Source(source, column=column)
    with open_results(out, model, all_cars=all_cars) as results, closing(Plan()) as plan:
        if not restart:
            plan.leave_out(results.photos(failed=not retry_failed))
        _make_plan(plan, photos, progress)
        failed, seconds = 0, 0.0
        if plan.left:
            answers = answering(plan.photos(by_name=photos.by_name), plan.left)
            started = time.monotonic()
            with closing(answers):
                first = next(answers)
                if restart:  # only now that nothing can be wrong with the model or the cluster
                    results.clear()
                elif retry_failed:
                    results.remove_failed(plan.holds)
                failed = _keep(chain([first], answers), results.add, plan.left, progress)
            seconds = time.monotonic() - started
    return Classified(
        results=out,
        model=model,
        listed=plan.listed,
        classified=plan.left,
        failed=failed,
        left_out=dict(photos.left_out),
        seconds=seconds,
    )


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
        hint = NAMES_OF_PHOTOS.fill(endings=", ".join(EXTENSIONS)) if source.left_out else ""
        raise SourceError(NO_PHOTO.fill(source=source.text, hint=hint))


def _keep(answers: Iterator[Rows], add: Callable[[Rows], None], total: int, progress: Progress) -> int:
    """Add the rows of photos to the results as they come; how many tell of a failure."""
    failed = 0
    progress("classify", 0, total)
    for done, rows in enumerate(answers, start=1):
        add(rows)
        failed += rows[0].error is not None
        progress("classify", done, total)
    return failed
