"""report.html: one page that needs nothing beside it, in English and Russian."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path

from kuzov.report import tables, texts
from kuzov.report.markup import both, definitions, paragraph, picture, section
from kuzov.report.records import LearningCurve, RunMetrics
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


def render_page(metrics: RunMetrics, version: str, pictures: Mapping[str, bytes]) -> str:
    """Render the report.

    Args:
        metrics: Of the run.
        version: Its name, as the run folder's.
        pictures: PNG by name, to stand in the page: curves, learning_curve (where there is one), reliability,
            confusion, classes.
    """
    many = len(metrics.classes) > tables.WIDEST_MATRIX
    content = [
        _header(version),
        _judgement(metrics),
        section(
            texts.CLASSES,
            picture(pictures["classes"], texts.CLASSES_CAPTION, name=texts.CLASSES, large=many),
            tables.class_table(metrics),
        ),
        section(
            texts.CONFUSION,
            picture(pictures["confusion"], texts.CONFUSION_CAPTION, name=texts.CONFUSION, large=many),
            tables.confusion_table(metrics),
        ),
        section(texts.MISTAKES, tables.mistake_table(metrics)),
        _learning_curve(metrics.learning_curve, pictures),
        section(
            texts.RELIABILITY,
            picture(
                pictures["reliability"], _reliability_caption(metrics), name=texts.RELIABILITY, large=False
            ),
        ),
        section(
            texts.CURVES,
            picture(pictures["curves"], _curves_caption(metrics), name=texts.CURVES, large=False),
        ),
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
    photos = texts.PHOTO_COUNTS.fill(
        train=sum(metrics.data.train.values()),
        validation=sum(metrics.data.validation.values()),
        rejected=len(metrics.data.rejected),
    )
    alarms = sum(each.is_unknown for each in metrics.photos)
    return [
        *_over_all_photos(metrics),
        (texts.KEPT, texts.KEPT_HEAD if metrics.kept == "head" else texts.KEPT_FINE_TUNED),
        (
            texts.ECE,
            texts.ECE_VALUES.fill(before=percent(metrics.ece.before), after=percent(metrics.ece.after)),
        ),
        (texts.FALSE_ALARMS, texts.FALSE_ALARM_COUNT.fill(count=alarms, total=len(metrics.photos))),
        (texts.PHOTOS, photos),
        (texts.SECONDS, texts.SECONDS_TAKEN.fill(seconds=number(metrics.seconds, 1))),
    ]


def _over_all_photos(metrics: RunMetrics) -> Iterator[tuple[Words, Words]]:
    """How good such a recogniser is, whichever of the photos it learned from."""
    crossed, few = metrics.cross_validation, metrics.shots
    if crossed is not None:
        yield (
            texts.CROSS_VALIDATION,
            texts.CROSS_VALIDATED.fill(
                mean=percent(crossed.mean), std=percent(crossed.std), folds=len(crossed.folds)
            ),
        )
    if few is not None:
        yield (
            texts.FEW_SHOTS,
            texts.FEW_SHOTS_JUDGED.fill(
                shots=few.shots,
                mean=percent(few.mean),
                std=percent(few.std),
                draws=few.draws,
                least=percent(few.least),
                most=percent(few.most),
                photos=few.photos,
            ),
        )


def _learning_curve(curve: LearningCurve, pictures: Mapping[str, bytes]) -> str:
    if not curve.shots:
        return ""
    caption = texts.LEARNING_CURVE_CAPTION.fill(draws=curve.draws)
    return section(
        texts.LEARNING_CURVE,
        paragraph(_would_more_help(curve)),
        picture(pictures["learning_curve"], caption, name=texts.LEARNING_CURVE, large=False),
    )


def _would_more_help(curve: LearningCurve) -> Words:
    """Whether the last doubling of the photos gained more than the accuracy varies from draw to draw."""
    doubling = curve.last_doubling()
    if doubling is None:
        return texts.TOO_FEW_TO_TELL
    fewer, most = doubling
    std = max(curve.std[fewer], curve.std[most])
    gained = curve.mean[most] - curve.mean[fewer]
    words = texts.MORE_WOULD_HELP if gained > std else texts.MORE_WOULD_HARDLY_HELP
    return words.fill(
        fewer=curve.shots[fewer],
        shots=curve.shots[most],
        before=percent(curve.mean[fewer]),
        after=percent(curve.mean[most]),
        std=percent(std),
    )


def _reliability_caption(metrics: RunMetrics) -> Words:
    return texts.RELIABILITY_CAPTION.fill(groups=len(metrics.reliability.after))


def _curves_caption(metrics: RunMetrics) -> Words:
    if metrics.fine_tune is None:
        return texts.CURVES_CAPTION
    both_captions = Words("{head} {epochs}", "{head} {epochs}")
    return both_captions.fill(head=texts.CURVES_CAPTION, epochs=texts.FINE_TUNE_CAPTION)
