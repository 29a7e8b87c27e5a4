"""comparison.html: two bundles side by side, in English and Russian."""

from __future__ import annotations

import json
from pathlib import Path

from kuzov.report import comparison_texts as texts
from kuzov.report.comparison import SIGNIFICANT, BundleComparison, Difference, Side
from kuzov.report.markup import both, paragraph, photo_figure, section, side_by_side, table, whole_page
from kuzov.report.tables import MOST_ROWS
from kuzov.report.texts import (
    AND_MORE,
    PHOTO,
    TRUTH,
    Words,
    number,
    percent,
    percent_interval,
    plain,
    shown,
)
from kuzov.report.thumbnails import Thumbnail, make_thumbnails
from kuzov.report.write import write_files

PAGE_FILE, JSON_FILE = "comparison.html", "comparison.json"
MOST_PICTURES = 48
LEAST_P = 0.001


def write_comparison(comparison: BundleComparison, folder: Path) -> Path:
    """Write comparison.json and the page; returns the page's path.

    Raises:
        KuzovError: The folder can't be written.
    """
    content = json.dumps(comparison.to_json(), ensure_ascii=False, indent=2)
    pictured = comparison.differences[:MOST_PICTURES]
    thumbnails = make_thumbnails((comparison.photos, each.photo, None) for each in pictured)
    page = render_comparison(comparison, thumbnails)
    write_files(
        folder,
        {JSON_FILE: content.encode("utf-8", "backslashreplace"), PAGE_FILE: page.encode("utf-8", "replace")},
    )
    return folder / PAGE_FILE


def verdict(comparison: BundleComparison) -> Words:
    """Which of the two is better, and whether that can be chance, in one sentence."""
    a, b = comparison.a, comparison.b
    if comparison.only_a == comparison.only_b == 0:
        return texts.SAME.fill(right=a.right, total=a.total)
    if a.right == b.right:
        return texts.A_TIE.fill(right=a.right, total=a.total)
    names = (texts.A, texts.B) if a.right > b.right else (texts.B, texts.A)
    words = texts.CHANCE if comparison.may_be_chance else texts.NO_CHANCE
    return words.fill(
        better=names[0],
        worse=names[1],
        more=max(a.right, b.right),
        fewer=min(a.right, b.right),
        total=a.total,
    )


def p_value(value: float) -> Words:
    """A p-value with three decimals, or that it is smaller than they can tell."""
    if value >= LEAST_P:
        return number(value, 3)
    return Words("< {least}", "< {least}").fill(least=number(LEAST_P, 3))


def render_comparison(comparison: BundleComparison, thumbnails: dict[str, Thumbnail]) -> str:
    """Render the page.

    Args:
        comparison: The comparison.
        thumbnails: Of photos with different answers, by name; the others are told by name.
    """
    a, b = comparison.a, comparison.b
    test = texts.TEST.fill(
        only_a=comparison.only_a,
        only_b=comparison.only_b,
        p=p_value(comparison.p_value),
        limit=number(SIGNIFICANT, 2),
    )
    content = [
        f"<header>\n<h1>{both(texts.TITLE)}</h1>",
        paragraph(texts.BUNDLES.fill(a=a.bundle, b=b.bundle), style="version"),
        paragraph(plain(str(comparison.photos)), style="version"),
        "</header>",
        paragraph(verdict(comparison), style="judgement"),
        paragraph(test),
        section(texts.FIGURES, _figures(a, b)),
        section(texts.TOGETHER, _outcomes(comparison)),
        section(texts.DIFFERENCES, *_differences(comparison, thumbnails)),
    ]
    return whole_page(texts.TITLE, f"{Path(a.bundle).name} · {Path(b.bundle).name}", content)


def _figures(a: Side, b: Side) -> str:
    rows = (
        (texts.RIGHT, *(texts.COUNT_OF.fill(count=each.right, total=each.total) for each in (a, b))),
        (texts.ACCURACY, *(percent(each.accuracy) for each in (a, b))),
        (texts.INTERVAL, *(percent_interval(*each.interval) for each in (a, b))),
        (texts.ECE, *(percent(each.ece) for each in (a, b))),
        (texts.MARKED_UNKNOWN, *(plain(each.marked_unknown) for each in (a, b))),
    )
    return table(texts.FIGURES, (texts.FIGURE, texts.A, texts.B), rows, numeric=True)


def _outcomes(comparison: BundleComparison) -> str:
    rows = (
        (texts.BOTH_RIGHT, plain(comparison.both_right)),
        (texts.ONLY_A, plain(comparison.only_a)),
        (texts.ONLY_B, plain(comparison.only_b)),
        (texts.NEITHER, plain(comparison.neither)),
    )
    return table(texts.TOGETHER, (texts.OUTCOME, texts.RIGHT), rows, numeric=True)


def _differences(comparison: BundleComparison, thumbnails: dict[str, Thumbnail]) -> list[str]:
    found = comparison.differences
    if not found:
        return [paragraph(texts.NO_DIFFERENCES)]
    names = {each.id: shown(each) for each in comparison.classes}
    figures = [
        photo_figure(thumbnails[each.photo], name=each.photo, caption=_told(each, names))
        for each in found
        if each.photo in thumbnails
    ]
    others = [each for each in found if each.photo not in thumbnails]
    rows = [
        (
            plain(each.photo),
            names[each.label],
            _answer(names[each.a], each.a_probability),
            _answer(names[each.b], each.b_probability),
        )
        for each in others[:MOST_ROWS]
    ]
    more = len(others) - MOST_ROWS
    return [
        paragraph(texts.DIFFERENCES_CAPTION.fill(count=len(found))),
        *([side_by_side(figures)] if figures else []),
        *([table(texts.DIFFERENCES, (PHOTO, TRUTH, texts.A, texts.B), rows)] if rows else []),
        *([paragraph(AND_MORE.fill(count=more, file=JSON_FILE))] if more > 0 else []),
    ]


def _told(difference: Difference, names: dict[str, Words]) -> Words:
    return texts.TOLD.fill(
        truth=names[difference.label],
        a=names[difference.a],
        a_probability=percent(difference.a_probability),
        b=names[difference.b],
        b_probability=percent(difference.b_probability),
    )


def _answer(name: Words, probability: float) -> Words:
    return Words("{name} ({it})", "{name} ({it})").fill(name=name, it=percent(probability))
