"""The confusion matrix as a table whose numbers open their photos."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kuzov.records import ClassName
from kuzov.report import texts
from kuzov.report.album import MOST_IN_A_CELL, Album, gallery
from kuzov.report.markup import and_more, both, column_heads, framed_table, link, paragraph
from kuzov.run_metrics import METRICS_FILE, JudgedPhoto, RunMetrics
from kuzov.words import Words, plain

WIDEST_MATRIX = 20
"""Classes; a wider matrix is hardly read as a table, there the confused pairs say more."""

MOST_PAIRS = 100
MOST_NAMES = 24
ANCHOR = "confusion"


def confusion_table(metrics: RunMetrics) -> str:
    """The confusion matrix; with many classes, the pairs that were confused most."""
    if len(metrics.classes) > WIDEST_MATRIX:
        return _confused_pairs(metrics)
    corner = Words(f"{texts.TRUTH.en} ↓ {texts.ANSWER.en} →", f"{texts.TRUTH.ru} ↓ {texts.ANSWER.ru} →")
    rows = (
        f'<tr><th scope="row">{both(name.words)}</th>'
        + "".join(_cell(count, row, column) for column, count in enumerate(counts))
        + "</tr>"
        for row, (name, counts) in enumerate(zip(metrics.classes, metrics.confusion, strict=True))
    )
    head = column_heads((corner, *(each.words for each in metrics.classes)))
    return framed_table(texts.CONFUSION, head, rows, style="numeric matrix")


def _cell(count: int, row: int, column: int) -> str:
    style = "right" if row == column else "wrong" if count else "zero"
    number = link(_anchor(row, column), plain(count)) if count else "0"
    return f'<td class="{style}">{number}</td>'


def _confused_pairs(metrics: RunMetrics) -> str:
    pairs = _pairs(metrics)
    if not pairs:
        return paragraph(texts.NO_MISTAKES)
    rows = (
        f'<tr><th scope="row">{both(metrics.classes[row].words)}</th>'
        f"<td>{both(metrics.classes[column].words)}</td>"
        f"<td>{link(_anchor(row, column), plain(count))}</td></tr>"
        for count, row, column in pairs[:MOST_PAIRS]
    )
    head = column_heads((texts.TRUTH, texts.ANSWER, texts.COUNT))
    rest = and_more(len(pairs) - MOST_PAIRS, METRICS_FILE)
    return framed_table(texts.CONFUSED_CAPTION, head, rows, style="text") + rest


def _pairs(metrics: RunMetrics) -> list[tuple[int, int, int]]:
    """Count, row and column of each pair that was confused, the most often confused first."""
    found = (
        (count, row, column)
        for row, counts in enumerate(metrics.confusion)
        for column, count in enumerate(counts)
        if count and row != column
    )
    return sorted(found, key=lambda pair: -pair[0])


def cell_photos(metrics: RunMetrics, album: Album) -> str:
    """The photos behind each number of `confusion_table`, hidden until it is followed."""
    ids = [each.id for each in metrics.classes]
    if len(ids) > WIDEST_MATRIX:
        places = [(row, column) for _, row, column in _pairs(metrics)[:MOST_PAIRS]]
    else:
        places = [(row, column) for row in range(len(ids)) for column in range(len(ids))]
    return "\n".join(
        _photos_of(metrics.classes, row, column, photos, album)
        for row, column in places
        if (photos := album.cells.get((ids[row], ids[column])))
    )


def _photos_of(
    classes: Sequence[ClassName], row: int, column: int, photos: Sequence[JudgedPhoto], album: Album
) -> str:
    heading = texts.CELL.fill(truth=classes[row].words, answer=classes[column].words, count=len(photos))
    pictured = [photo for photo in photos[:MOST_IN_A_CELL] if photo.photo in album.thumbnails]
    return "\n".join(
        [
            f'<div class="cell" id="{_anchor(row, column)}">',
            f"<h3>{both(heading)}</h3>",
            gallery(pictured, album, classes) if pictured else "",
            *_names_of_others(photos, album.thumbnails),
            f"<p>{link(ANCHOR, texts.CLOSE)}</p>",
            "</div>",
        ]
    )


def _names_of_others(photos: Sequence[JudgedPhoto], pictured: Mapping[str, object]) -> Iterator[str]:
    others = [
        photo.photo
        for place, photo in enumerate(photos)
        if place >= MOST_IN_A_CELL or photo.photo not in pictured
    ]
    if others:
        yield paragraph(plain(", ".join(others[:MOST_NAMES])), style="names")
    if len(others) > MOST_NAMES:
        yield and_more(len(others) - MOST_NAMES, METRICS_FILE)


def _anchor(row: int, column: int) -> str:
    return f"cell-{row}-{column}"
