"""The report's charts, as SVG; see `kuzov.report.drawing`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kuzov.records import ClassName
from kuzov.report import texts
from kuzov.report.drawing import (
    BLUE,
    FINE,
    GREY,
    INK,
    ORANGE,
    PALE,
    SMALL,
    Panel,
    Scale,
    Ticks,
    axes,
    band,
    box,
    dot,
    drawing,
    even_ticks,
    hatched,
    label,
    legend,
    line,
    width_of,
)
from kuzov.run_metrics import Bin, FineTuneCurve, LearningCurve, RunMetrics, TrainingMetrics
from kuzov.words import Words

WIDTH = 560
MOST_ANNOTATED_CLASSES = 20
LONGEST_NAME = 32
LABEL_ROOM = 17  # pixels that a label needs above or below what it tells of
UNKNOWN_BINS = 20
DASHES = "6 4"
_SHADE = np.array([8, 48, 107])  # of a cell that holds all photos of its class; an empty one is white


def draw_curves(metrics: TrainingMetrics) -> str:
    """How the head's strength was chosen and, if it was tried, how fine-tuning went."""
    curve, epochs = metrics.curves.regularisation, metrics.curves.fine_tune
    # The candidates stand in the order of the settings, which need not be a sorted one.
    order = np.argsort(curve.inverse_regularisation)
    candidates = np.array(curve.inverse_regularisation)[order]
    ticks = [(each, f"{each:g}") for each in candidates]
    parts: list[str] = []
    for place, (title, values) in enumerate(
        ((texts.ACCURACY, curve.accuracy), (texts.LOG_LOSS, curve.log_loss))
    ):
        across = Scale(candidates[0], candidates[-1], *_column(place), logarithmic=True)
        up, y_ticks = _up(values, 200, share=title is texts.ACCURACY)
        panel = Panel(across=across, up=up)
        chosen = across(metrics.inverse_regularisation)
        parts += axes(panel, title, texts.INVERSE_REGULARISATION, ticks, y_ticks)
        parts.append(line([(chosen, up.start), (chosen, up.end)], GREY, dashes=DASHES))
        parts += _marked_line(panel, candidates.tolist(), np.array(values)[order].tolist())
    parts += legend((_column(0)[0], 262), [(texts.CHOSEN, GREY, DASHES)])
    if epochs is not None:
        parts += _epochs(epochs)
    return drawing(WIDTH, 270 if epochs is None else 540, texts.CURVES, parts)


def _epochs(curve: FineTuneCurve) -> Iterator[str]:
    epochs = range(1, len(curve.loss) + 1)
    ticks = [(each, f"{each:g}") for each in even_ticks(1, len(epochs), most=8, least_step=1)]
    columns = (
        (texts.ACCURACY, curve.accuracy, curve.val_accuracy),
        (texts.LOG_LOSS, curve.loss, curve.val_loss),
    )
    for place, (title, learned, held) in enumerate(columns):
        up, y_ticks = _up((*learned, *held), 470, share=title is texts.ACCURACY)
        panel = Panel(across=Scale(1, len(epochs), *_column(place)), up=up)
        yield from axes(panel, title, texts.EPOCH, ticks, y_ticks)
        yield line(map(panel.place, epochs, learned), BLUE)
        yield line(map(panel.place, epochs, held), ORANGE, dashes=DASHES)
    yield from legend(
        (_column(0)[0], 532), [(texts.LEARNED_FROM, BLUE, ""), (texts.HELD_OUT, ORANGE, DASHES)]
    )


def draw_learning_curve(curve: LearningCurve) -> str:
    """Accuracy by the number of photos of each class, in a band of one standard deviation."""
    mean, std = np.array(curve.mean), np.array(curve.std)
    low, high = np.maximum(mean - std, 0), np.minimum(mean + std, 1)
    up, y_ticks = _up((*low, *high), 260, share=True)
    across = Scale(curve.shots[0], curve.shots[-1], 55, WIDTH - 20, logarithmic=True)
    panel = Panel(across=across, up=up)
    ticks = [(each, str(each)) for each in curve.shots]
    parts = [*axes(panel, texts.ACCURACY, texts.PHOTOS_A_CLASS, ticks, y_ticks)]
    lower, upper = ([*map(panel.place, curve.shots, edge)] for edge in (low, high))
    parts += [band(lower, upper, BLUE), *_marked_line(panel, curve.shots, curve.mean)]
    anchors = ["start", *["middle"] * (len(mean) - 2), "end"]
    for (x, above), (_, below), value, anchor in zip(upper, lower, mean, anchors, strict=False):
        y = above - 9 if above - LABEL_ROOM > up.end else below + LABEL_ROOM
        parts.append(label((x, y), f"{100 * value:.1f}\u00a0%", size=FINE, anchor=anchor))
    return drawing(WIDTH, 305, texts.LEARNING_CURVE, parts)


def draw_reliability(metrics: RunMetrics) -> str:
    """Confidence against accuracy with its interval, before and after calibration, and the diagonal."""
    before, after = metrics.reliability.before, metrics.reliability.after
    least = min(value for each in before + after for value in (each.confidence, each.interval[0]))
    corner = np.floor(5 * min(least, 0.9)) / 5
    steps = [(texts.BEFORE_CALIBRATION, before, ORANGE), (texts.AFTER_CALIBRATION, after, BLUE)]
    shown = [step for step in steps if step[1]]
    room, side, ticks = 0.03 * (1 - corner), 205, _shares(corner, 1)
    parts: list[str] = []
    for place, (title, bins, colour) in enumerate(shown):
        left = 60 + place * (side + 65)
        across = Scale(corner - room, 1, left, left + side)
        panel = Panel(across=across, up=Scale(corner - room, 1, 40 + side, 40))
        parts += axes(panel, title, texts.CONFIDENCE, ticks, ticks)
        parts.append(line([panel.place(each, each) for each in (corner, 1)], GREY, dashes=DASHES))
        parts += _bins(panel, bins, colour, square=colour == ORANGE)
    parts.append(label((16, 40 + side / 2), texts.ACCURACY, anchor="middle", turned=-90))
    return drawing(15 + len(shown) * (side + 65), side + 85, texts.RELIABILITY, parts)


def _bins(panel: Panel, bins: Sequence[Bin], colour: str, *, square: bool) -> Iterator[str]:
    for each in bins:
        yield line([panel.place(each.confidence, edge) for edge in each.interval], colour, width=1)
        yield dot(panel.place(each.confidence, each.accuracy), colour, square=square)


def draw_unknown(metrics: RunMetrics) -> str:
    """How many photos got which `unknown`, right and wrong answers apart, and the threshold."""
    right, wrong = (
        np.histogram([p.unknown for p in metrics.photos if p.is_right == side], UNKNOWN_BINS, (0, 1))[0]
        for side in (True, False)
    )
    most = max(1, int((right + wrong).max()))
    up = Scale(0, most, 225, 40)
    panel = Panel(across=Scale(0, 1, 50, WIDTH - 20), up=up)
    counts = [(each, f"{each:g}") for each in even_ticks(0, most, least_step=1)]
    pattern, stripes = hatched(ORANGE)
    parts = [pattern, *axes(panel, texts.COUNT, texts.UNKNOWN, _shares(0, 1), counts)]
    for number, (sure, mistaken) in enumerate(zip(right.tolist(), wrong.tolist(), strict=True)):
        edges = number / UNKNOWN_BINS, (number + 1) / UNKNOWN_BINS
        if sure:
            parts.append(box(panel.place(edges[0], 0), panel.place(edges[1], sure), BLUE, edge=INK))
        if mistaken:
            corner, opposite = panel.place(edges[0], sure), panel.place(edges[1], sure + mistaken)
            parts.append(box(corner, opposite, stripes, edge=INK))
    threshold = panel.across(metrics.unknown_threshold)
    parts.append(line([(threshold, up.start), (threshold, up.end)], INK, dashes=DASHES))
    entries = [(texts.RIGHT_ANSWERS, BLUE, ""), (texts.WRONG_ANSWERS, ORANGE, "")]
    parts += legend((50, 290), [*entries, (texts.THRESHOLD, INK, DASHES)])
    return drawing(WIDTH, 300, texts.UNKNOWN_SCORES, parts)


def draw_confusion(metrics: RunMetrics) -> str:
    """The confusion matrix, shaded by the part of each true class, with counts where they fit."""
    counts = np.array(metrics.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    annotated = len(counts) <= MOST_ANNOTATED_CLASSES
    cell, size = (44, SMALL) if annotated else (14, FINE)
    names = [_short(each) for each in metrics.classes]
    margin = 45 + _widest(names, size)
    parts = [box((margin, 10), (margin + cell * len(counts), 10 + cell * len(counts)), "#f5f7fa")]
    for row, column in np.argwhere(counts) if not annotated else np.ndindex(counts.shape):
        left, top, share = margin + column * cell, 10 + row * cell, shares[row, column]
        shade = "#" + "".join(f"{round(255 - (255 - each) * share):02x}" for each in _SHADE)
        parts.append(box((left, top), (left + cell, top + cell), shade, edge="#ffffff" if annotated else ""))
        if annotated:
            colour = "#ffffff" if share > 0.5 else INK if counts[row, column] else GREY
            centre = left + cell / 2, top + cell / 2 + 4
            parts.append(label(centre, str(counts[row, column]), anchor="middle", colour=colour))
    bottom = 10 + cell * len(counts)
    for place, name in enumerate(names):
        along = (place + 0.5) * cell
        parts.append(label((margin - 6, 10 + along + 4), name, size=size, anchor="end"))
        turned = -40 if annotated else -90
        parts.append(label((margin + along + 4, bottom + 14), name, size=size, anchor="end", turned=turned))
    middle = cell * len(counts) / 2
    parts.append(label((14, 10 + middle), texts.TRUTH, anchor="middle", turned=-90))
    height = bottom + (0.65 if annotated else 1) * margin + 10
    parts.append(label((margin + middle, height - 8), texts.ANSWER, anchor="middle"))
    return drawing(margin + cell * len(counts) + 20, height, texts.CONFUSION, parts)


def draw_classes(metrics: RunMetrics) -> str:
    """Precision, recall and F1 of each class, as bars."""
    names = [_short(each) for each in metrics.classes]
    annotated = len(names) <= MOST_ANNOTATED_CLASSES
    row = 48 if annotated else 24
    left = 20 + _widest(names, SMALL)
    bottom = 40 + row * len(names)
    panel = Panel(across=Scale(0, 1, left, WIDTH - 50), up=Scale(0, 1, bottom, 40))
    parts = [
        *legend((left, 20), [(texts.PRECISION, BLUE, ""), (texts.RECALL, ORANGE, ""), (texts.F1, PALE, "")])
    ]
    for value, text in _shares(0, 1):
        x = panel.across(value)
        parts.append(line([(x, 36), (x, bottom)], PALE, width=1))
        parts.append(label((x, bottom + 15), text, size=FINE, anchor="middle"))
    for place, (name, scores) in enumerate(zip(names, metrics.per_class, strict=True)):
        top = 40 + place * row
        parts.append(label((left - 8, top + row / 2 + 4), name, anchor="end"))
        bars = ((BLUE, scores.precision), (ORANGE, scores.recall), (PALE, scores.f1))
        for number, (colour, value) in enumerate(bars):
            y = top + row * (0.1 + 0.27 * number)
            parts.append(box((left, y), (panel.across(value), y + row * 0.25), colour))
            if annotated:
                parts.append(label((panel.across(value) + 5, y + row * 0.22), f"{value:.2f}", size=FINE))
    return drawing(WIDTH, bottom + 25, texts.CLASSES, parts)


def _column(place: int) -> tuple[float, float]:
    """Where the first or the second of two panels begins and ends."""
    return (50, 265) if place == 0 else (330, WIDTH - 15)


def _marked_line(panel: Panel, across: Sequence[float], up: Sequence[float]) -> Iterator[str]:
    places = [*map(panel.place, across, up)]
    yield line(places, BLUE)
    for place in places:
        yield dot(place, BLUE)


def _up(values: Sequence[float], bottom: float, *, share: bool) -> tuple[Scale, Ticks]:
    """An axis that values fill, from the bottom 160 pixels up or, of a share of 1, as far as 1 goes."""
    low, high = min(values), max(values)
    room = 0.08 * (high - low) or 0.02
    low, high = (max(low - room, 0), min(high + room, 1)) if share else (low - room, high + room)
    ticks = even_ticks(max(low, 0), high, most=5, least_step=0.01 if share else 0)
    texts_at = [(each, f"{100 * each:.0f}\u00a0%" if share else f"{each:g}") for each in ticks]
    return Scale(low, high, bottom, 40 if bottom < 300 else bottom - 160), texts_at


def _shares(low: float, high: float) -> Ticks:
    return [(each, f"{100 * each:.0f}\u00a0%") for each in even_ticks(low, high)]


def _short(name: ClassName) -> Words:
    """Cut in the middle: a car's name often ends with what tells it from its namesakes, the year."""
    return Words(
        *(
            text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 13]}…{text[-12:]}"
            for text in (name.en, name.ru)
        )
    )


def _widest(names: Sequence[Words], size: float) -> float:
    return max(width_of(text, size) for name in names for text in (name.en, name.ru))
