"""The report's tables: classes, confusion, mistakes, files left out, settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from kuzov.records import ClassName
from kuzov.report import texts
from kuzov.report.markup import both, framed_table, paragraph, table
from kuzov.report.records import RunMetrics
from kuzov.report.texts import Words, number, percent, plain

# A wider matrix is hardly read as a table; there the confused pairs say more.
WIDEST_MATRIX = 20


def class_table(metrics: RunMetrics) -> str:
    """Photos and scores of each class."""
    head = (
        texts.CLASS,
        texts.TRAIN_PHOTOS,
        texts.VALIDATION_PHOTOS,
        texts.PRECISION,
        texts.RECALL,
        texts.F1,
    )
    rows = [
        (
            _shown(name),
            plain(metrics.data.train.get(name.id, 0)),
            plain(scores.photos),
            *(number(each, 2) for each in (scores.precision, scores.recall, scores.f1)),
        )
        for name, scores in zip(metrics.classes, metrics.per_class, strict=True)
    ]
    learned = sum(metrics.data.train.values())
    judged = sum(each.photos for each in metrics.per_class)
    foot = (texts.ALL, plain(learned), plain(judged), plain(""), plain(""), plain(""))
    return table(texts.CLASSES, head, rows, foot=foot, numeric=True)


def confusion_table(metrics: RunMetrics) -> str:
    """The confusion matrix; with many classes, the pairs that were confused."""
    if len(metrics.classes) > WIDEST_MATRIX:
        return _confused_pairs(metrics)
    corner = Words(f"{texts.TRUTH.en} ↓ {texts.ANSWER.en} →", f"{texts.TRUTH.ru} ↓ {texts.ANSWER.ru} →")
    columns = "".join(f'<th scope="col">{both(_shown(each))}</th>' for each in metrics.classes)
    rows = (
        f'<tr><th scope="row">{both(_shown(name))}</th>'
        + "".join(f"{_cell(count, right=row == column)}" for column, count in enumerate(counts))
        + "</tr>"
        for row, (name, counts) in enumerate(zip(metrics.classes, metrics.confusion, strict=True))
    )
    return framed_table(
        texts.CONFUSION, f'<th scope="col">{both(corner)}</th>{columns}', rows, style="numeric"
    )


def _cell(count: int, *, right: bool) -> str:
    style = "right" if right else "wrong" if count else "zero"
    return f'<td class="{style}">{count}</td>'


def _confused_pairs(metrics: RunMetrics) -> str:
    pairs = [
        (count, _shown(metrics.classes[row]), _shown(metrics.classes[column]))
        for row, counts in enumerate(metrics.confusion)
        for column, count in enumerate(counts)
        if count and row != column
    ]
    if not pairs:
        return paragraph(texts.NO_MISTAKES)
    pairs.sort(key=lambda pair: -pair[0])
    rows = [(truth, answer, plain(count)) for count, truth, answer in pairs]
    return table(texts.CONFUSED_CAPTION, (texts.TRUTH, texts.ANSWER, texts.COUNT), rows)


def mistake_table(metrics: RunMetrics) -> str:
    """The validation photos with a wrong answer, the surest first."""
    names = {each.id: _shown(each) for each in metrics.classes}
    wrong = [each for each in metrics.photos if each.predicted != each.label]
    if not wrong:
        return paragraph(texts.NO_MISTAKES)
    wrong.sort(key=lambda each: -each.probability)
    rows = [
        (
            plain(each.photo),
            names.get(each.label, plain(each.label)),
            names.get(each.predicted, plain(each.predicted)),
            percent(each.probability),
        )
        for each in wrong
    ]
    return table(texts.MISTAKES, (texts.PHOTO, texts.TRUTH, texts.ANSWER, texts.PROBABILITY), rows)


def rejected_table(metrics: RunMetrics) -> str:
    """The files that were left out, each with the reason."""
    if not metrics.data.rejected:
        return paragraph(texts.NONE_REJECTED)
    rows = [(plain(photo), plain(reason)) for photo, reason in metrics.data.rejected]
    return table(texts.REJECTED, (texts.PHOTO, texts.REASON), rows)


def setting_tables(metrics: RunMetrics) -> str:
    """What the run chose, its settings by the names that `--set` takes, and the packages' versions."""
    results = (
        (texts.BUNDLE, plain(metrics.bundle)),
        (texts.INVERSE_REGULARISATION, plain(f"{metrics.inverse_regularisation:g}")),
        (texts.TEMPERATURE, plain(f"{metrics.temperature:.4g}")),
        (texts.FINGERPRINT, plain(metrics.data.fingerprint)),
    )
    settings = ((plain(key), plain(value)) for key, value in _flat(metrics.config))
    versions = ((plain(package), plain(version)) for package, version in metrics.versions.items())
    return "\n".join(
        [
            table(texts.RESULTS, (texts.SETTING, texts.VALUE), results),
            table(texts.SETTINGS, (texts.SETTING, texts.VALUE), settings),
            table(texts.PACKAGES, (texts.PACKAGE, texts.PACKAGE_VERSION), versions),
        ]
    )


def _flat(settings: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", json.dumps(value, ensure_ascii=False)


def _shown(name: ClassName) -> Words:
    return Words(name.en, name.ru)
