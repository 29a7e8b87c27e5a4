"""The doctor's page: findings with thumbnails, in one file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kuzov.doctor import texts
from kuzov.doctor.findings import Diagnosis, Finding, Kind
from kuzov.report.markup import (
    link,
    paragraph,
    photo_figure,
    points,
    section,
    side_by_side,
    table,
    whole_page,
)
from kuzov.report.summary import would_more_help
from kuzov.report.texts import CLASS, COUNT, LEARNING_CURVE
from kuzov.report.thumbnails import make_thumbnail
from kuzov.words import PHOTOS, Words, plain

MOST_PICTURED = 60
"""Findings of a kind that get thumbnails: a page of thousands would not open."""

MOST_COPIES = 6

COPIES = (Kind.LEAK, Kind.ACROSS_CLASSES, Kind.EXACT_DUPLICATE, Kind.NEAR_DUPLICATE)


def render_page(diagnosis: Diagnosis, named: str, *, fixed: bool) -> str:
    """Render the page; the photos must still be in their places, though `fixed` says that some are moved.

    Args:
        diagnosis: What was found in its folder, which may be a zip's, unpacked for a while.
        named: The folder or zip as the user named it.
        fixed: Whether what it would move is moved.
    """
    content = [
        section(texts.SUMMARY, paragraph(headline(diagnosis), style="judgement"), *_totals(diagnosis)),
        *(_findings(diagnosis, kind) for kind in diagnosis.totals),
        *_moves(diagnosis, fixed=fixed),
        section(texts.COUNTS, _counts(diagnosis)),
    ]
    if diagnosis.learning_curve.last_rise() is not None:
        content.append(section(LEARNING_CURVE, paragraph(would_more_help(diagnosis.learning_curve))))
    if diagnosis.skipped:
        content.append(section(texts.NOT_CHECKED, points(map(texts.why_not, diagnosis.skipped))))
    return whole_page(texts.TITLE, Path(named).resolve().name, [plain(named)], content)


def headline(diagnosis: Diagnosis) -> Words:
    """How many findings there are."""
    if not diagnosis.findings:
        return texts.ALL_WELL.fill(photos=PHOTOS.of(diagnosis.photos))
    found = texts.FINDINGS.of(len(diagnosis.findings))
    return texts.FOUND.fill(findings=found, photos=texts.READABLE.of(diagnosis.photos))


def _totals(diagnosis: Diagnosis) -> Iterator[str]:
    """How many there are of each kind, with links to them."""
    if diagnosis.totals:
        lines = (
            f"<li>{link(kind.value, texts.NAMES[kind])}: {count}</li>"
            for kind, count in diagnosis.totals.items()
        )
        yield "\n".join(["<ul>", *lines, "</ul>"])


def _findings(diagnosis: Diagnosis, kind: Kind) -> str:
    found = [finding for finding in diagnosis.findings if finding.kind == kind]
    told = paragraph(texts.ADVICE[kind], style="caption")
    if not any(finding.photos for finding in found):
        return section(texts.NAMES[kind], told, points(map(texts.sentence, found)), anchor=kind.value)
    shown, others = found[:MOST_PICTURED], found[MOST_PICTURED:]
    figures = [[*_figures(finding, diagnosis.folder)] for finding in shown]
    # Copies stand in a row of their own; single photos side by side.
    rows = figures if kind in COPIES else [[each for finding in figures for each in finding]]
    names = [
        plain("{photos}: {told}").fill(photos=", ".join(each.photos), told=texts.sentence(each))
        for each in others
    ]
    rest = [paragraph(texts.MORE_FINDINGS.fill(count=len(others))), points(names)] if others else []
    return section(texts.NAMES[kind], told, *map(side_by_side, rows), *rest, anchor=kind.value)


def _figures(finding: Finding, folder: Path) -> Iterator[str]:
    """A figure a photo; of many copies a few. What is told stands below the first."""
    caption = texts.sentence(finding)
    for place, name in enumerate(finding.photos[:MOST_COPIES]):
        words = caption if place == 0 else texts.COPY
        yield photo_figure(make_thumbnail(folder / name), name=name, caption=words)


def _moves(diagnosis: Diagnosis, *, fixed: bool) -> Iterator[str]:
    if not diagnosis.moves:
        return
    rows = [(plain(move.photo), texts.why_moved(move)) for move in diagnosis.moves]
    heading = texts.MOVED if fixed else texts.WOULD_MOVE
    listed = table(heading, (COUNT, texts.FINDING), rows)
    yield section(heading, paragraph(texts.MOVES_EXPLAINED), listed)


def _counts(diagnosis: Diagnosis) -> str:
    sides = list(diagnosis.counts)
    head = (CLASS, *(texts.SIDES[side] for side in sides))
    classes = next(iter(diagnosis.counts.values()))
    rows = [(plain(label), *(plain(diagnosis.counts[side][label]) for side in sides)) for label in classes]
    return table(texts.COUNTS, head, rows, numeric=True)
