"""The photos of a report: which of them it shows as pictures, so that it stays small, and how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path

from kuzov.records import ClassName
from kuzov.report import texts
from kuzov.report.markup import details, paragraph, photo_figure, points, section, side_by_side
from kuzov.report.tables import class_names, mistake_table
from kuzov.report.thumbnails import Thumbnail, load_explainer, make_thumbnails
from kuzov.run_metrics import JudgedPhoto, RunMetrics
from kuzov.words import Words, percent, plain

MOST_MISTAKES = 12
MOST_LEAST_CERTAIN = 12
MOST_UNKNOWN = 12
MOST_IN_A_CELL = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """All photos by true class and answer, and pictures of some by the photo's name.

    Of the right answers in a cell the least sure come first, of the wrong ones the surest.
    """

    cells: Mapping[tuple[str, str], tuple[JudgedPhoto, ...]]
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
    shown = chain(metrics.unknown_photos[:MOST_UNKNOWN], _by_turns(cells))
    others = ((folder, each.photo, None) for each in shown)
    return Album(cells=cells, thumbnails=make_thumbnails(chain(explained, others)))


def _cells(metrics: RunMetrics) -> dict[tuple[str, str], tuple[JudgedPhoto, ...]]:
    """Mistakes before right answers, so that the former get their pictures first."""
    cells: dict[tuple[str, str], list[JudgedPhoto]] = {}
    for photo in metrics.mistakes + metrics.least_certain:
        cells.setdefault((photo.label, photo.predicted), []).append(photo)
    return {cell: tuple(photos) for cell, photos in cells.items()}


def _by_turns(cells: Mapping[tuple[str, str], tuple[JudgedPhoto, ...]]) -> Iterator[JudgedPhoto]:
    """The first photo of each cell, the second of each, …: of the wrong cells, then of the right ones."""
    for right in (False, True):
        chosen = (
            photos[:MOST_IN_A_CELL] for (label, answer), photos in cells.items() if (label == answer) == right
        )
        rounds: Iterable[tuple[JudgedPhoto | None, ...]] = zip_longest(*chosen)
        yield from (photo for turn in rounds for photo in turn if photo is not None)


def mistake_section(metrics: RunMetrics, album: Album) -> str:
    """The surest wrong answers, as pictures where there are some, and all of them by name."""
    if not metrics.mistakes:
        return section(texts.MISTAKES, paragraph(texts.NO_MISTAKES))
    shown = _pictured(metrics.mistakes[:MOST_MISTAKES], album)
    if not shown:
        return section(texts.MISTAKES, mistake_table(metrics))
    return section(
        texts.MISTAKES,
        paragraph(texts.MISTAKES_CAPTION.fill(shown=len(shown), total=len(metrics.mistakes))),
        *_explained_gallery(shown, album, metrics.classes),
        details(texts.ALL_MISTAKES, mistake_table(metrics)),
    )


def least_certain_section(metrics: RunMetrics, album: Album) -> str:
    """The least sure right answers; nothing where there are no pictures."""
    shown = _pictured(metrics.least_certain[:MOST_LEAST_CERTAIN], album)
    if not shown:
        return ""
    caption = texts.LEAST_CERTAIN_CAPTION.fill(shown=len(shown), total=len(metrics.least_certain))
    pictures = _explained_gallery(shown, album, metrics.classes)
    return section(texts.LEAST_CERTAIN, paragraph(caption), *pictures)


def unknown_section(metrics: RunMetrics, album: Album) -> str:
    """The photos whose cars are taken for none of the classes, by name where there is no picture."""
    photos = metrics.unknown_photos[:MOST_UNKNOWN]
    if not photos:
        return ""
    caption = texts.CALLED_UNKNOWN_CAPTION.fill(shown=len(photos), total=len(metrics.unknown_photos))
    shown = _pictured(photos, album)
    names = [plain(each.photo) for each in photos if each not in shown]
    told = [gallery(shown, album, metrics.classes)] if shown else []
    return section(texts.CALLED_UNKNOWN, paragraph(caption), *told, *([points(names)] if names else []))


def gallery(photos: Sequence[JudgedPhoto], album: Album, classes: Sequence[ClassName]) -> str:
    """Photos that have thumbnails, each with what was answered."""
    names = class_names(classes)
    return side_by_side(
        photo_figure(
            album.thumbnails[photo.photo],
            name=photo.photo,
            caption=_told(photo, names),
            wrong=not photo.is_right,
        )
        for photo in photos
    )


def _pictured(photos: Sequence[JudgedPhoto], album: Album) -> list[JudgedPhoto]:
    return [photo for photo in photos if photo.photo in album.thumbnails]


def _explained_gallery(
    shown: Sequence[JudgedPhoto], album: Album, classes: Sequence[ClassName]
) -> Iterator[str]:
    if any(album.thumbnails[photo.photo].heat for photo in shown):
        yield paragraph(texts.SALIENCY_CAPTION)
    yield gallery(shown, album, classes)


def _told(photo: JudgedPhoto, names: Mapping[str, Words]) -> Words:
    answer = names.get(photo.predicted, plain(photo.predicted))
    truth = names.get(photo.label, plain(photo.label))
    words = texts.RIGHT_ANSWER if photo.is_right else texts.WRONG_ANSWER
    told = words.fill(answer=answer, truth=truth, probability=percent(photo.probability))
    if (alike := photo.look_alike) is None:
        return told
    return texts.LOOKS_LIKE.fill(told=told, name=alike.name.words, probability=percent(alike.probability))
