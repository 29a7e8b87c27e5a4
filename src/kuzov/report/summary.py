"""What a page says first, in plain words: can I rely on this?"""

from __future__ import annotations

from collections.abc import Iterator

from kuzov.report import texts
from kuzov.run_metrics import EvaluationMetrics, LearningCurve, RunMetrics, TrainingMetrics, Validation
from kuzov.words import PHOTOS, Words, joined, number, percent

# An interval wider than this, as of any accuracy on a few hundred photos, deserves a word of caution.
WIDE_INTERVAL = 0.05
# Probabilities that stray no further than this on average may be taken as they are.
TRUE_ENOUGH = 0.05
# An accuracy from here on is told as 100.0 %.
NEARLY_ALL = 0.9995


def headline(metrics: RunMetrics) -> Words:
    """How many were right, and what to expect of other photos, by those that it has not learned from."""
    if isinstance(metrics, EvaluationMetrics) and metrics.learned_from:
        unseen, validation = metrics.unseen, metrics.validation
        others = texts.NONE_UNSEEN if unseen is None else _judged(texts.ON_UNSEEN_ALONE, unseen)
        told = texts.FLATTERING_HEADLINE.fill(
            right=validation.right,
            photos=PHOTOS.of(validation.total),
            learned=metrics.learned_from,
            others=others,
        )
    else:
        words = texts.HEADLINE if isinstance(metrics, TrainingMetrics) else texts.EVALUATION_HEADLINE
        told = _judged(words, metrics.validation)
    unknown = len(metrics.right_but_unknown)
    return joined((told, texts.RIGHT_BUT_UNKNOWN.of(unknown)), " ") if unknown else told


def _judged(words: Words, judged: Validation) -> Words:
    """The interval is told in whole per cents."""
    low, high = (number(100 * each, 0) for each in judged.interval)
    expected = texts.EXPECTED.fill(low=low, high=high)
    photos = PHOTOS.of(judged.total)
    return words.fill(right=judged.right, total=judged.total, photos=photos, expected=expected)


def plain_words(metrics: RunMetrics) -> Iterator[Words]:
    """The sentences below the headline."""
    validation = metrics.validation
    unseen = metrics.unseen if isinstance(metrics, EvaluationMetrics) else validation
    if unseen is not None and unseen.interval[1] - unseen.interval[0] > WIDE_INTERVAL:
        yield texts.CAUTION.fill(photos=PHOTOS.of(unseen.total))
    yield _hardest(metrics)
    true_enough = metrics.ece.after <= TRUE_ENOUGH
    words = texts.TRUE_PROBABILITIES if true_enough else texts.UNTRUE_PROBABILITIES
    yield words.fill(ece=percent(metrics.ece.after))
    alarms = len(metrics.unknown_photos)
    words = texts.SOME_FALSE_ALARMS if alarms else texts.NO_FALSE_ALARMS
    yield words.fill(count=alarms, photos=PHOTOS.of(validation.total))
    if isinstance(metrics, TrainingMetrics) and metrics.learning_curve.shots:
        yield would_more_help(metrics.learning_curve)


def _hardest(metrics: RunMetrics) -> Words:
    """The class with the lowest part of its photos recognised."""
    judged = [pair for pair in zip(metrics.classes, metrics.per_class, strict=True) if pair[1].photos]
    name, scores = min(judged, key=lambda pair: pair[1].recall)
    if scores.recall == 1:
        return texts.ALL_CLASSES_RIGHT
    right = round(scores.recall * scores.photos)
    return texts.HARDEST_CLASS.fill(name=name.words, right=right, photos=PHOTOS.of(scores.photos))


def would_more_help(curve: LearningCurve) -> Words:
    """Whether the last photos gained more than what varies with the draw, and there is some left to gain."""
    rise = curve.last_rise()
    if rise is None:
        return texts.TOO_FEW_TO_TELL
    fewer, most = rise
    before, after, std = curve.mean[fewer], curve.mean[most], max(curve.std[fewer], curve.std[most])
    if after >= NEARLY_ALL:
        words = texts.NOTHING_LEFT_TO_GAIN
    else:
        words = texts.MORE_WOULD_HELP if after - before > std else texts.MORE_WOULD_HARDLY_HELP
    return words.fill(
        fewer=curve.shots[fewer],
        shots=curve.shots[most],
        before=percent(before),
        after=percent(after),
        std=percent(std),
    )
