"""The galleries of a page: worst mistakes, least certain photos, and the photos of a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kuzov.records import ClassName
from kuzov.report import texts
from kuzov.report.album import MOST_LEAST_CERTAIN, MOST_MISTAKES, Album
from kuzov.report.markup import details, paragraph, photo_figure, section, side_by_side
from kuzov.report.tables import mistake_table
from kuzov.report.texts import Words, percent, plain
from kuzov.run_metrics import JudgedPhoto, RunMetrics


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
        *_lens_line(album, shown),
        gallery(shown, album, metrics.classes),
        details(texts.ALL_MISTAKES, mistake_table(metrics)),
    )


def least_certain_section(metrics: RunMetrics, album: Album) -> str:
    """The least sure right answers; nothing where there are no pictures."""
    shown = _pictured(metrics.least_certain[:MOST_LEAST_CERTAIN], album)
    if not shown:
        return ""
    caption = texts.LEAST_CERTAIN_CAPTION.fill(shown=len(shown), total=len(metrics.least_certain))
    return section(
        texts.LEAST_CERTAIN,
        paragraph(caption),
        *_lens_line(album, shown),
        gallery(shown, album, metrics.classes),
    )


def gallery(photos: Sequence[JudgedPhoto], album: Album, classes: Sequence[ClassName]) -> str:
    """Photos that have thumbnails, each with what was answered."""
    names = {each.id: texts.shown(each) for each in classes}
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


def _lens_line(album: Album, shown: Sequence[JudgedPhoto]) -> list[str]:
    explained = any(album.thumbnails[photo.photo].heat for photo in shown)
    return [paragraph(texts.SALIENCY_CAPTION)] if explained else []


def _told(photo: JudgedPhoto, names: Mapping[str, Words]) -> Words:
    answer = names.get(photo.predicted, plain(photo.predicted))
    truth = names.get(photo.label, plain(photo.label))
    words = texts.RIGHT_ANSWER if photo.is_right else texts.WRONG_ANSWER
    return words.fill(answer=answer, truth=truth, probability=percent(photo.probability))
