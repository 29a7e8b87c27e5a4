"""report.html: one page that needs nothing beside it, in English and Russian."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from kuzov.report import confusion, tables, texts
from kuzov.report.album import Album, least_certain_section, mistake_section, unknown_section
from kuzov.report.markup import definitions, details, paragraph, picture, points, section, whole_page
from kuzov.report.summary import headline, plain_words, would_more_help
from kuzov.run_metrics import EvaluationMetrics, RunMetrics, TrainingMetrics, Validation
from kuzov.words import PHOTOS, Words, number, percent, percent_interval, plain

Charts: TypeAlias = Mapping[str, str]
"""SVG by name; see `kuzov.report.drawing`."""


def render_page(metrics: RunMetrics, version: str, charts: Charts, album: Album) -> str:
    """Render the report of a training run or an evaluation.

    Its charts are reliability, unknown, classes, confusion; of a training run curves too, and learning_curve
    where there is one.
    """
    title = texts.TITLE if isinstance(metrics, TrainingMetrics) else texts.EVALUATION_TITLE
    content = [
        section(
            texts.SUMMARY,
            paragraph(headline(metrics), style="judgement"),
            points(plain_words(metrics)),
            definitions(_facts(metrics)),
        ),
        *_classes(metrics, charts, album),
        mistake_section(metrics, album),
        least_certain_section(metrics, album),
        unknown_section(metrics, album),
        *_probabilities(metrics, charts),
        *(_learning(metrics, charts) if isinstance(metrics, TrainingMetrics) else ()),
        section(texts.REJECTED, tables.rejected_table(metrics)),
        details(texts.SETTINGS, tables.setting_tables(metrics)),
    ]
    return whole_page(title, version, [texts.VERSION.fill(version=version)], content)


def _facts(metrics: RunMetrics) -> Iterator[tuple[Words, Words]]:
    """Figure by figure."""
    ece = metrics.ece
    if isinstance(metrics, EvaluationMetrics) and metrics.learned_from:
        yield texts.JUDGED, _judgement(texts.FLATTERING_JUDGEMENT, metrics.validation)
        if metrics.unseen is not None:
            yield texts.JUDGED_UNSEEN, _judgement(texts.JUDGEMENT, metrics.unseen)
    else:
        yield texts.JUDGED, _judgement(texts.JUDGEMENT, metrics.validation)
    if isinstance(metrics, TrainingMetrics):
        yield from _over_all_photos(metrics)
        yield texts.KEPT, texts.KEPT_HEAD if metrics.kept == "head" else texts.KEPT_FINE_TUNED
    if ece.before is None:
        yield texts.ECE, texts.ECE_VALUE.fill(after=percent(ece.after))
    else:
        yield texts.ECE, texts.ECE_VALUES.fill(before=percent(ece.before), after=percent(ece.after))
    alarms = texts.FALSE_ALARM_COUNT.fill(
        count=len(metrics.unknown_photos), photos=PHOTOS.of(len(metrics.photos))
    )
    yield texts.FALSE_ALARMS, alarms
    yield texts.PHOTOS, _counts(metrics)
    if isinstance(metrics, TrainingMetrics):
        yield texts.SECONDS, texts.SECONDS_TAKEN.fill(seconds=number(metrics.seconds, 1))


def _counts(metrics: RunMetrics) -> Words:
    learned, judged = (sum(each.values()) for each in (metrics.data.train, metrics.data.validation))
    rejected = len(metrics.data.rejected)
    if isinstance(metrics, TrainingMetrics):
        return texts.PHOTO_COUNTS.fill(train=learned, validation=judged, rejected=rejected)
    return texts.EVALUATED_COUNTS.fill(
        folder=str(metrics.data.folder),
        learned=PHOTOS.of(learned),
        photos=PHOTOS.of(judged),
        rejected=rejected,
    )


def _judgement(words: Words, judged: Validation) -> Words:
    return words.fill(
        right=judged.right,
        photos=PHOTOS.of(judged.total),
        accuracy=percent(judged.accuracy),
        interval=percent_interval(*judged.interval),
    )


def _over_all_photos(metrics: TrainingMetrics) -> Iterator[tuple[Words, Words]]:
    """How good such a recogniser is, whichever of the photos it learned from."""
    crossed, few = metrics.cross_validation, metrics.shots
    if crossed is not None:
        mean, std = percent(crossed.mean), percent(crossed.std)
        yield texts.CROSS_VALIDATION, texts.CROSS_VALIDATED.fill(mean=mean, std=std, folds=len(crossed.folds))
    if few is not None:
        judged = texts.FEW_SHOTS_JUDGED.fill(
            shots=few.shots,
            mean=percent(few.mean),
            std=percent(few.std),
            draws=few.draws,
            least=percent(few.least),
            most=percent(few.most),
            photos=few.photos,
        )
        yield texts.FEW_SHOTS, judged


def _classes(metrics: RunMetrics, charts: Charts, album: Album) -> Iterator[str]:
    many = len(metrics.classes) > confusion.WIDEST_MATRIX
    yield section(
        texts.CLASSES,
        picture(charts["classes"], texts.CLASSES_CAPTION, large=many),
        tables.class_table(metrics),
    )
    # A matrix of few classes is read, and clicked, as a table; one of many is looked at as a picture.
    overview = (
        picture(charts["confusion"], texts.CONFUSION_CAPTION, large=True)
        if many
        else paragraph(texts.CONFUSION_CAPTION, style="caption")
    )
    yield section(
        texts.CONFUSION,
        overview,
        paragraph(texts.CLICK_A_CELL, style="caption screen"),
        confusion.confusion_table(metrics),
        confusion.cell_photos(metrics, album),
        anchor=confusion.ANCHOR,
    )


def _probabilities(metrics: RunMetrics, charts: Charts) -> Iterator[str]:
    judged = texts.ON_UNSEEN if isinstance(metrics, TrainingMetrics) else texts.ON_THESE
    caption = texts.RELIABILITY_CAPTION.fill(photos=judged, groups=len(metrics.reliability.after))
    yield section(texts.RELIABILITY, picture(charts["reliability"], caption, large=False))
    unknown, mistakes = metrics.unknown_photos, metrics.mistakes
    right = sum(each.is_right for each in unknown)
    counts = texts.UNKNOWN_COUNTS.fill(
        right=right,
        all_right=len(metrics.photos) - len(mistakes),
        wrong=len(unknown) - right,
        all_wrong=len(mistakes),
    )
    yield section(
        texts.UNKNOWN_SCORES,
        picture(charts["unknown"], texts.UNKNOWN_CAPTION, large=False),
        paragraph(counts),
    )


def _learning(metrics: TrainingMetrics, charts: Charts) -> Iterator[str]:
    curve = metrics.learning_curve
    if curve.shots:
        caption = texts.LEARNING_CURVE_CAPTION.fill(draws=curve.draws)
        yield section(
            texts.LEARNING_CURVE,
            paragraph(would_more_help(curve)),
            picture(charts["learning_curve"], caption, large=False),
        )
    caption = texts.CURVES_CAPTION
    if metrics.curves.fine_tune is not None:
        caption = plain("{head} {epochs}").fill(head=caption, epochs=texts.FINE_TUNE_CAPTION)
    yield section(texts.CURVES, picture(charts["curves"], caption, large=False))
