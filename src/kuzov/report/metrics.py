"""Reads metrics.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from kuzov.errors import KuzovError
from kuzov.records import ClassName
from kuzov.report.field import Field
from kuzov.report.records import (
    Bin,
    CalibrationError,
    ClassScores,
    CrossValidation,
    FineTuneCurve,
    JudgedPhoto,
    LearningCurve,
    Photos,
    RegularisationCurve,
    Reliability,
    RunMetrics,
    Shots,
    Training,
    Validation,
)

METRICS_FILE = "metrics.json"
KINDS = ("training", "evaluation")
KEPT = ("head", "fine-tuned")
UNKNOWN_THRESHOLD = 0.5  # of runs that did not note it


def read_metrics(run_folder: Path) -> RunMetrics:
    """Read the metrics.json of a training run or an evaluation.

    Raises:
        KuzovError: It is missing or broken; the text names the file and the field.
    """
    file = run_folder / METRICS_FILE
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise KuzovError(f"The run folder {run_folder} has no {METRICS_FILE}: {error.strerror}.") from error
    except ValueError as error:
        raise KuzovError(f"{file} is not valid JSON: {error}.") from error
    return _run_metrics(Field(values, file))


def _run_metrics(root: Field) -> RunMetrics:
    classes = tuple(_class_name(each) for each in _filled(root["classes"]))
    trained = _one_of(root.get("kind", "training"), KINDS) == "training"
    return RunMetrics(
        bundle=root["bundle"].text(),
        training=_training(root) if trained else None,
        classes=classes,
        validation=_validation(root["validation"]),
        ece=_calibration_error(root["ece"]),
        temperature=root["temperature"].number(),
        unknown_threshold=root.get("unknown_threshold", UNKNOWN_THRESHOLD).number(),
        confusion=tuple(
            tuple(cell.count() for cell in _sized(row, len(classes)))
            for row in _sized(root["confusion"], len(classes))
        ),
        per_class=tuple(_class_scores(each) for each in _sized(root["per_class"], len(classes))),
        reliability=_reliability(root["reliability"]),
        photos=tuple(_judged_photo(each) for each in root["photos"].elements()),
        data=_photos(root["data"]),
        versions={key: each.text() for key, each in root["versions"].members().items()},
        config={key: each.value for key, each in root["config"].members().items()},
    )


def _training(root: Field) -> Training:
    crossed, shots, fine_tune = root["cross_validation"], root["shots"], root["curves"]["fine_tune"]
    return Training(
        seconds=root["seconds"].number(),
        kept=_one_of(root["kept"], KEPT),
        cross_validation=None if crossed.value is None else _cross_validation(crossed),
        shots=None if shots.value is None else _shots(shots),
        inverse_regularisation=root["inverse_regularisation"].number(),
        regularisation=RegularisationCurve(**_columns(root["curves"]["regularisation"], RegularisationCurve)),
        fine_tune=None if fine_tune.value is None else FineTuneCurve(**_columns(fine_tune, FineTuneCurve)),
        learning_curve=_learning_curve(root["learning_curve"]),
    )


def _filled(field: Field) -> list[Field]:
    if not field.elements():
        raise field.wrong("a list of at least one")
    return field.elements()


def _sized(field: Field, length: int) -> list[Field]:
    """A list with one element a class."""
    if len(field.elements()) != length:
        raise field.wrong(f"a list of {length}, one for each class")
    return field.elements()


def _columns(field: Field, curve: type[RegularisationCurve | FineTuneCurve]) -> dict[str, tuple[float, ...]]:
    return _equally_long(field, [each.name for each in fields(curve)])


def _equally_long(field: Field, names: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """The columns of a curve, all as long as its first."""
    columns = {name: field[name].numbers() for name in names}
    length = len(next(iter(columns.values())))
    for name, column in columns.items():
        if len(column) != length:
            raise field[name].wrong(f"a list of {length} numbers, as long as the others of its curve")
    return columns


def _one_of(field: Field, choices: Sequence[str]) -> str:
    if field.value not in choices:
        raise field.wrong(" or ".join(choices))
    return field.text()


def _class_name(field: Field) -> ClassName:
    return ClassName(id=field["id"].text(), en=field["en"].text(), ru=field["ru"].text())


def _validation(field: Field) -> Validation:
    return Validation(
        right=field["right"].count(),
        total=field["total"].count(),
        accuracy=field["accuracy"].number(),
        interval=_interval(field["interval"]),
    )


def _interval(field: Field) -> tuple[float, float]:
    ends = field.numbers()
    if len(ends) != 2:
        raise field.wrong("a list of two numbers")
    return ends[0], ends[1]


def _cross_validation(field: Field) -> CrossValidation:
    return CrossValidation(
        mean=field["mean"].number(), std=field["std"].number(), folds=field["folds"].numbers()
    )


def _shots(field: Field) -> Shots:
    return Shots(
        shots=field["shots"].count(),
        draws=field["draws"].count(),
        photos=field["photos"].count(),
        mean=field["mean"].number(),
        std=field["std"].number(),
        least=field["least"].number(),
        most=field["most"].number(),
    )


def _learning_curve(field: Field) -> LearningCurve:
    columns = _equally_long(field, ("shots", "mean", "std"))
    return LearningCurve(
        shots=tuple(each.count() for each in field["shots"].elements()),
        mean=columns["mean"],
        std=columns["std"],
        draws=field["draws"].count(),
    )


def _calibration_error(field: Field) -> CalibrationError:
    before = field["before"]
    return CalibrationError(
        before=None if before.value is None else before.number(), after=field["after"].number()
    )


def _reliability(field: Field) -> Reliability:
    return Reliability(before=_bins(field["before"]), after=_bins(field["after"]))


def _bins(field: Field) -> tuple[Bin, ...]:
    return tuple(
        Bin(
            confidence=each["confidence"].number(),
            accuracy=each["accuracy"].number(),
            interval=_interval(each["interval"]),
            photos=each["photos"].count(),
        )
        for each in field.elements()
    )


def _class_scores(field: Field) -> ClassScores:
    return ClassScores(
        precision=field["precision"].number(),
        recall=field["recall"].number(),
        f1=field["f1"].number(),
        photos=field["photos"].count(),
    )


def _judged_photo(field: Field) -> JudgedPhoto:
    return JudgedPhoto(
        photo=field["photo"].text(),
        label=field["label"].text(),
        predicted=field["predicted"].text(),
        probability=field["probability"].number(),
        unknown=field["unknown"].number(),
        is_unknown=field["is_unknown"].flag(),
    )


def _photos(field: Field) -> Photos:
    folder = field.get("folder", None)
    return Photos(
        folder=None if folder.value is None else Path(folder.text()),
        train=field["train"].counts(),
        validation=field["validation"].counts(),
        rejected=tuple(
            (each["photo"].text(), each["reason"].text()) for each in field["rejected"].elements()
        ),
        fingerprint=field["fingerprint"].text(),
        learned_from=field.get("learned_from", default=False).flag(),
    )
