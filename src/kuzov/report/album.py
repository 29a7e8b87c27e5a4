"""Which photos a page shows as pictures, so that it stays small however many were judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path

from kuzov.report.thumbnails import Thumbnail, load_explainer, make_thumbnails
from kuzov.run_metrics import JudgedPhoto, RunMetrics

MOST_MISTAKES = 12
MOST_LEAST_CERTAIN = 12
MOST_IN_A_CELL = 12

Cell = tuple[str, str]
"""True class and answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """The photos of a page.

    Attributes:
        cells: All photos by true class and answer: right answers the least sure first, wrong ones the surest.
        thumbnails: Pictures by the photo's name; of the others only the names are told.
    """

    cells: Mapping[Cell, tuple[JudgedPhoto, ...]]
    thumbnails: Mapping[str, Thumbnail] = field(default_factory=dict)


def make_album(metrics: RunMetrics, bundle: Path | None = None) -> Album:
    """Choose photos and make their pictures; none where the photos are not where they were.

    The bundle, which tells where it looked, is by default where the metrics say.
    """
    cells, folder = _cells(metrics), Path(metrics.data.folder or "")
    if metrics.data.folder is None or not folder.is_dir():
        return Album(cells=cells)
    looked_at = metrics.mistakes[:MOST_MISTAKES] + metrics.least_certain[:MOST_LEAST_CERTAIN]
    explainer = load_explainer(bundle or Path(metrics.bundle))
    explained = ((folder, each.photo, explainer) for each in looked_at)
    others = ((folder, each.photo, None) for each in _by_turns(cells))
    return Album(cells=cells, thumbnails=make_thumbnails(chain(explained, others)))


def _cells(metrics: RunMetrics) -> dict[Cell, tuple[JudgedPhoto, ...]]:
    """Mistakes before right answers, so that the former get their pictures first."""
    cells: dict[Cell, list[JudgedPhoto]] = {}
    for photo in metrics.mistakes + metrics.least_certain:
        cells.setdefault((photo.label, photo.predicted), []).append(photo)
    return {cell: tuple(photos) for cell, photos in cells.items()}


def _by_turns(cells: Mapping[Cell, tuple[JudgedPhoto, ...]]) -> Iterator[JudgedPhoto]:
    """The first photo of each cell, the second of each, …: of the wrong cells, then of the right ones."""
    for right in (False, True):
        chosen = (
            photos[:MOST_IN_A_CELL] for (label, answer), photos in cells.items() if (label == answer) == right
        )
        rounds: Iterable[tuple[JudgedPhoto | None, ...]] = zip_longest(*chosen)
        yield from (photo for turn in rounds for photo in turn if photo is not None)
