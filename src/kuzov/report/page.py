"""report.html: one page that needs nothing beside it, in English and Russian."""

from __future__ import annotations

from html import escape
from pathlib import Path

from kuzov.report import tables, texts
from kuzov.report.markup import both, definitions, paragraph, picture, section
from kuzov.report.metrics import RunMetrics
from kuzov.report.texts import Words, number, percent, percent_interval

STYLE_FILE = Path(__file__).with_name("page.css")

# An interval wider than this, as of any accuracy on a few hundred photos, deserves a word of caution.
WIDE_INTERVAL = 0.05

# The switch stands before <main>, where the style sheet's selectors can see which button is on.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<input type="radio" name="language" id="en" checked><label for="en" lang="en">English</label>
<input type="radio" name="language" id="ru"><label for="ru" lang="ru">Русский</label>
<main>
{content}
</main>
</body>
</html>
"""


def render_page(metrics: RunMetrics, version: str, *, curves: bytes, confusion: bytes, classes: bytes) -> str:
    """Render the report.

    Args:
        metrics: Of the run.
        version: Its name, as the run folder's.
        curves: curves.png, to stand in the page.
        confusion: confusion.png, too.
        classes: classes.png, too.
    """
    many = len(metrics.classes) > tables.WIDEST_MATRIX
    content = [
        _header(version),
        _judgement(metrics),
        section(
            texts.CLASSES,
            picture(classes, texts.CLASSES_CAPTION, name=texts.CLASSES, large=many),
            tables.class_table(metrics),
        ),
        section(
            texts.CONFUSION,
            picture(confusion, texts.CONFUSION_CAPTION, name=texts.CONFUSION, large=many),
            tables.confusion_table(metrics),
        ),
        section(texts.MISTAKES, tables.mistake_table(metrics)),
        section(texts.CURVES, picture(curves, _curves_caption(metrics), name=texts.CURVES, large=False)),
        section(texts.REJECTED, tables.rejected_table(metrics)),
        f"<details>\n<summary>{both(texts.SETTINGS)}</summary>",
        tables.setting_tables(metrics),
        "</details>",
    ]
    title = escape(f"kuzov {version} · {texts.TITLE.en} · {texts.TITLE.ru}")
    return PAGE.format(title=title, style=STYLE_FILE.read_text(encoding="utf-8"), content="\n".join(content))


def _header(version: str) -> str:
    version_line = paragraph(texts.VERSION.fill(version=version), style="version")
    return f"<header>\n<h1>{both(texts.TITLE)}</h1>\n{version_line}\n</header>"


def _judgement(metrics: RunMetrics) -> str:
    """How good the model is, first in one sentence, then figure by figure."""
    validation = metrics.validation
    low, high = validation.interval
    judgement = texts.JUDGEMENT.fill(
        right=validation.right,
        total=validation.total,
        accuracy=percent(validation.accuracy),
        interval=percent_interval(low, high),
    )
    caution = paragraph(texts.CAUTION.fill(total=validation.total)) if high - low > WIDE_INTERVAL else ""
    return "\n".join(
        [
            "<section>",
            paragraph(judgement, style="judgement"),
            caution,
            definitions(_facts(metrics)),
            "</section>",
        ]
    )


def _facts(metrics: RunMetrics) -> list[tuple[Words, Words]]:
    crossed = texts.CROSS_VALIDATED.fill(
        mean=percent(metrics.cross_validation.mean),
        std=percent(metrics.cross_validation.std),
        folds=len(metrics.cross_validation.folds),
    )
    photos = texts.PHOTO_COUNTS.fill(
        train=sum(metrics.data.train.values()),
        validation=sum(metrics.data.validation.values()),
        rejected=len(metrics.data.rejected),
    )
    alarms = sum(each.is_unknown for each in metrics.photos)
    return [
        (texts.CROSS_VALIDATION, crossed),
        (texts.KEPT, texts.KEPT_HEAD if metrics.kept == "head" else texts.KEPT_FINE_TUNED),
        (
            texts.ECE,
            texts.ECE_VALUES.fill(before=percent(metrics.ece.before), after=percent(metrics.ece.after)),
        ),
        (texts.FALSE_ALARMS, texts.FALSE_ALARM_COUNT.fill(count=alarms, total=len(metrics.photos))),
        (texts.PHOTOS, photos),
        (texts.SECONDS, texts.SECONDS_TAKEN.fill(seconds=number(metrics.seconds, 1))),
    ]


def _curves_caption(metrics: RunMetrics) -> Words:
    if metrics.fine_tune is None:
        return texts.CURVES_CAPTION
    both_captions = Words("{head} {epochs}", "{head} {epochs}")
    return both_captions.fill(head=texts.CURVES_CAPTION, epochs=texts.FINE_TUNE_CAPTION)
