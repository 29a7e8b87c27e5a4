"""The report's pictures, as PNG files in memory.

Drawn with matplotlib's objects and never pyplot, which keeps every figure in a global list and may look for a
screen. Each is drawn in one language, and narrow enough for a phone to show it whole.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator, PercentFormatter
from PIL import Image

from kuzov.records import ClassName
from kuzov.report import texts
from kuzov.run_metrics import FineTuneCurve, LearningCurve, RunMetrics, TrainingMetrics
from kuzov.words import Language, Words

DPI = 110
WIDTH = 5.4
"""In inches: at the width of a phone's screen the words can still be read."""
MOST_ANNOTATED_CLASSES = 20
LONGEST_NAME = 32
UNKNOWN_BINS = 20
PALETTE_COLOURS = 128

# Told apart by people who see few colours, and by lightness in print.
BLUE, ORANGE, GREY, PALE, INK = "#2f6db5", "#e08a1e", "#8a8f98", "#d3d9e0", "#1c2733"


def draw_curves(metrics: TrainingMetrics, language: Language = "en") -> bytes:
    """How the head's strength was chosen and, if it was tried, how fine-tuning went."""
    curve, epochs = metrics.curves.regularisation, metrics.curves.fine_tune
    rows = 1 if epochs is None else 2
    figure = Figure(figsize=(WIDTH, 2.3 * rows), dpi=DPI, layout="constrained")
    panels = figure.subplots(rows, 2, squeeze=False)
    # The candidates stand in the order of the settings, which need not be a sorted one.
    order = np.argsort(curve.inverse_regularisation)
    candidates = np.array(curve.inverse_regularisation)[order]
    columns = ((texts.ACCURACY, curve.accuracy), (texts.LOG_LOSS, curve.log_loss))
    panels[0][0].yaxis.set_major_formatter(PercentFormatter(1))
    for axes, (name, values) in zip(panels[0], columns, strict=True):
        axes.axvline(
            metrics.inverse_regularisation, color=GREY, linestyle=":", label=texts.CHOSEN.told(language)
        )
        axes.plot(candidates, np.array(values)[order], color=BLUE, marker="o")
        axes.set_xscale("log")
        axes.set_xticks(candidates, [f"{each:g}" for each in candidates])
        axes.minorticks_off()
        _finish(axes, name, across=texts.INVERSE_REGULARISATION, language=language)
    if epochs is not None:
        _draw_epochs(panels[1], epochs, language)
    return _png(figure)


def _draw_epochs(panels: Sequence[Axes], curve: FineTuneCurve, language: Language) -> None:
    columns = (
        (texts.ACCURACY, curve.accuracy, curve.val_accuracy),
        (texts.LOG_LOSS, curve.loss, curve.val_loss),
    )
    epochs = range(1, len(curve.loss) + 1)
    for axes, (name, learned, held) in zip(panels, columns, strict=True):
        axes.plot(epochs, learned, color=BLUE, marker=".", label=texts.LEARNED_FROM.told(language))
        axes.plot(epochs, held, color=ORANGE, marker=".", linestyle="--", label=texts.HELD_OUT.told(language))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _finish(axes, name, across=texts.EPOCH, language=language)


def draw_learning_curve(curve: LearningCurve, language: Language = "en") -> bytes:
    """Accuracy by the number of photos of each class, in a band of one standard deviation."""
    mean, std = np.array(curve.mean), np.array(curve.std)
    low, high = np.maximum(mean - std, 0), np.minimum(mean + std, 1)
    figure = Figure(figsize=(WIDTH, 3.0), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    axes.fill_between(curve.shots, low, high, color=BLUE, alpha=0.15, linewidth=0)
    axes.plot(curve.shots, mean, color=BLUE, marker="o")
    for shots, value, edge in zip(curve.shots, mean, high, strict=True):
        axes.annotate(
            f"{value:.1%}", (shots, edge), (0, 6), textcoords="offset points", ha="center", fontsize=8.5
        )
    axes.set_xscale("log")
    axes.set_xticks(curve.shots, [str(each) for each in curve.shots])
    axes.minorticks_off()
    axes.margins(y=0.15)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    _finish(axes, texts.ACCURACY, across=texts.PHOTOS_A_CLASS, language=language)
    return _png(figure)


def draw_reliability(metrics: RunMetrics, language: Language = "en") -> bytes:
    """Confidence against accuracy with its interval, before and after calibration, and the diagonal."""
    before, after = metrics.reliability.before, metrics.reliability.after
    least = min(value for each in before + after for value in (each.confidence, each.interval[0]))
    corner = np.floor(5 * min(least, 0.9)) / 5
    room = 0.04 * (1 - corner)
    steps = [(texts.BEFORE_CALIBRATION, before, ORANGE, "s"), (texts.AFTER_CALIBRATION, after, BLUE, "o")]
    drawn = [step for step in steps if step[1]]
    figure = Figure(figsize=(WIDTH if len(drawn) == 2 else 4.0, 3.4), dpi=DPI, layout="constrained")
    panels = figure.subplots(1, len(drawn), sharey=True, squeeze=False)[0]
    for axes, (name, bins, colour, marker) in zip(panels, drawn, strict=True):
        axes.plot((0, 1), (0, 1), color=GREY, linestyle=":")
        for each in bins:
            axes.plot([each.confidence] * 2, each.interval, color=colour, alpha=0.45)
            axes.plot(each.confidence, each.accuracy, color=colour, marker=marker)
        axes.set(xlim=(corner - room, 1 + room), ylim=(corner - room, 1 + room), aspect="equal")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MultipleLocator(0.1 if corner >= 0.4 else 0.2))
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
        _finish(axes, name, across=texts.CONFIDENCE, language=language)
    panels[0].set_ylabel(texts.ACCURACY.told(language), fontsize=8.5)
    return _png(figure)


def draw_unknown(metrics: RunMetrics, language: Language = "en") -> bytes:
    """How many photos got which `unknown`, right and wrong answers apart, and the threshold."""
    figure = Figure(figsize=(WIDTH, 2.8), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    sides = ([p.unknown for p in metrics.photos if p.is_right == right] for right in (True, False))
    axes.hist(
        list(sides),
        bins=UNKNOWN_BINS,
        range=(0, 1),
        stacked=True,
        color=(BLUE, ORANGE),
        edgecolor=INK,
        linewidth=0.6,
        label=[texts.RIGHT_ANSWERS.told(language), texts.WRONG_ANSWERS.told(language)],
    )
    # Hatched too: the two colours may be one grey in print.
    for bar in axes.containers[1]:
        bar.set_hatch("////")
    axes.axvline(metrics.unknown_threshold, color=INK, linestyle="--", label=texts.THRESHOLD.told(language))
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    _finish(axes, texts.COUNT, across=texts.UNKNOWN, language=language)
    return _png(figure)


def draw_confusion(metrics: RunMetrics, language: Language = "en") -> bytes:
    """The confusion matrix, shaded by the part of each true class, with counts where they fit."""
    counts = np.array(metrics.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    classes = len(counts)
    annotated = classes <= MOST_ANNOTATED_CLASSES
    cell_in, font = (0.55, 8.5) if annotated else (0.13, 6.5)
    side = max(1.6, cell_in * classes)
    figure = Figure(figsize=(side + 2.6, side + 1.9), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [_short(each, language) for each in metrics.classes]
    turned = {"rotation": 90} if not annotated else {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(range(classes), names, fontsize=font, parse_math=False, **turned)
    axes.set_yticks(range(classes), names, fontsize=font, parse_math=False)
    axes.set_xlabel(texts.ANSWER.told(language))
    axes.set_ylabel(texts.TRUTH.told(language))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    # White lines between the cells; in a large matrix they would be all that is seen.
    if annotated:
        axes.set_xticks(np.arange(classes - 1) + 0.5, minor=True)
        axes.set_yticks(np.arange(classes - 1) + 0.5, minor=True)
        axes.grid(which="minor", color="white", linewidth=1.5)
        axes.tick_params(which="minor", length=0)
        for row, column in np.ndindex(counts.shape):
            shade = "white" if shares[row, column] > 0.5 else INK if counts[row, column] else GREY
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=shade)
    return _png(figure)


def draw_classes(metrics: RunMetrics, language: Language = "en") -> bytes:
    """Precision, recall and F1 of each class, as bars."""
    classes = len(metrics.classes)
    annotated = classes <= MOST_ANNOTATED_CLASSES
    row_in = 0.55 if annotated else 0.24
    figure = Figure(figsize=(WIDTH, 1.1 + row_in * max(classes, 2)), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    rows = np.arange(classes)
    scores = (
        (texts.PRECISION, BLUE, [each.precision for each in metrics.per_class]),
        (texts.RECALL, ORANGE, [each.recall for each in metrics.per_class]),
        (texts.F1, PALE, [each.f1 for each in metrics.per_class]),
    )
    for place, (name, colour, values) in enumerate(scores):
        bars = axes.barh(
            rows + (place - 1) * 0.27, values, height=0.25, color=colour, label=name.told(language)
        )
        if annotated:
            axes.bar_label(bars, fmt="%.2f", padding=3, fontsize=7.5)
    axes.set_yticks(
        rows, [_short(each, language) for each in metrics.classes], fontsize=8.5, parse_math=False
    )
    axes.set_ylim(classes - 0.4, -0.6)
    # Room behind the longest bars for their figures.
    axes.set_xlim(0, 1.08)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return _png(figure)


def _finish(axes: Axes, title: Words, *, across: Words, language: Language) -> None:
    axes.set_xlabel(across.told(language), fontsize=8.5)
    axes.set_title(title.told(language), fontsize=10, loc="left")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8)


def _short(name: ClassName, language: Language) -> str:
    # A folder's name need not be valid Unicode, and the font engine takes nothing else.
    text = name.words.told(language).encode("utf-8", "replace").decode("utf-8")
    # Cut in the middle: a car's name often ends with what tells it from its namesakes, the year.
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 13]}…{text[-12:]}"


def _png(figure: Figure) -> bytes:
    file = BytesIO()
    FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        # A name in, say, Chinese is drawn as boxes, and stands in full in the page.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(file, format="png")
    # A palette makes it a third as large. Without the version of matplotlib one run gives the same bytes.
    small = BytesIO()
    with Image.open(file) as image:
        image.convert("RGB").quantize(PALETTE_COLOURS).save(small, format="PNG", optimize=True)
    return small.getvalue()
