"""The report's tables: classes, mistakes, files left out, settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from kuzov.records import ClassName
from kuzov.report import texts
from kuzov.report.markup import and_more, paragraph, table
from kuzov.run_metrics import METRICS_FILE, RunMetrics, TrainingMetrics
from kuzov.words import Words, number, percent, plain

MOST_ROWS = 100
"""Of a list of files; metrics.json has them all."""


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
            name.words,
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


def class_names(classes: Sequence[ClassName]) -> dict[str, Words]:
    """Classes as people call them, by id."""
    return {each.id: each.words for each in classes}


def mistake_table(metrics: RunMetrics) -> str:
    """The photos with a wrong answer, the surest first."""
    names = class_names(metrics.classes)
    rows = [
        (
            plain(each.photo),
            names.get(each.label, plain(each.label)),
            names.get(each.predicted, plain(each.predicted)),
            percent(each.probability),
        )
        for each in metrics.mistakes[:MOST_ROWS]
    ]
    listed = table(texts.ALL_MISTAKES, (texts.PHOTO, texts.TRUTH, texts.ANSWER, texts.PROBABILITY), rows)
    return listed + and_more(len(metrics.mistakes) - MOST_ROWS, METRICS_FILE)


def rejected_table(metrics: RunMetrics) -> str:
    """The files and folders that were left out, each with the reason."""
    left_out = metrics.data.passed_over + metrics.data.rejected
    if not left_out:
        return paragraph(texts.NONE_REJECTED)
    rows = [(plain(each.photo), each.words) for each in left_out[:MOST_ROWS]]
    rest = and_more(len(left_out) - MOST_ROWS, METRICS_FILE)
    return table(texts.REJECTED, (texts.PHOTO, texts.REASON), rows) + rest


def setting_tables(metrics: RunMetrics) -> str:
    """What the run chose, its settings by the names that `--set` takes, and the packages' versions."""
    results = [
        (texts.BUNDLE, plain(metrics.bundle)),
        (texts.TEMPERATURE, plain(f"{metrics.temperature:.4g}")),
        (texts.FINGERPRINT, plain(metrics.data.fingerprint)),
    ]
    if isinstance(metrics, TrainingMetrics):
        results.insert(1, (texts.INVERSE_REGULARISATION, plain(f"{metrics.inverse_regularisation:g}")))
    settings = ((plain(key), plain(value)) for key, value in _flat(metrics.config))
    versions = ((plain(package), plain(version)) for package, version in metrics.versions.items())
    return "\n".join(
        [
            table(texts.RESULTS, (texts.SETTING, texts.VALUE), results),
            table(texts.ALL_SETTINGS, (texts.SETTING, texts.VALUE), settings),
            table(texts.PACKAGES, (texts.PACKAGE, texts.PACKAGE_VERSION), versions),
        ]
    )


def _flat(settings: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", json.dumps(value, ensure_ascii=False)
