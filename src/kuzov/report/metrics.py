"""metrics.json: what a training run says of itself, as typed records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from kuzov.errors import KuzovError
from kuzov.records import ClassName
from kuzov.report.field import Field

METRICS_FILE = "metrics.json"
KEPT = ("head", "fine-tuned")


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """How many validation photos were recognised, and the 95 % interval of the accuracy."""

    right: int
    total: int
    accuracy: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossValidation:
    """Accuracy of the folds, each judged by a head that was not fitted on it."""

    mean: float
    std: float
    folds: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationError:
    """Expected calibration error before and after temperature scaling, 0..1."""

    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScores:
    """How well one class is recognised on its validation photos."""

    precision: float
    recall: float
    f1: float
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegularisationCurve:
    """The candidates for the head's strength and what each came to."""

    inverse_regularisation: tuple[float, ...]
    accuracy: tuple[float, ...]
    log_loss: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuneCurve:
    """Each epoch of fine-tuning, on the photos learned from and (val_…) on those held out."""

    loss: tuple[float, ...]
    val_loss: tuple[float, ...]
    accuracy: tuple[float, ...]
    val_accuracy: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPhoto:
    """The answer to one validation photo; `label` and `predicted` are class ids."""

    photo: str
    label: str
    predicted: str
    probability: float
    unknown: float
    is_unknown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Photos:
    """Number of photos by class id, and the files that were left out with the reason."""

    train: Mapping[str, int]
    validation: Mapping[str, int]
    rejected: tuple[tuple[str, str], ...]
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMetrics:
    """All of metrics.json. Rows of `confusion` are true classes, its columns predicted ones."""

    bundle: str
    seconds: float
    kept: str
    classes: tuple[ClassName, ...]
    validation: Validation
    cross_validation: CrossValidation
    ece: CalibrationError
    inverse_regularisation: float
    temperature: float
    confusion: tuple[tuple[int, ...], ...]
    per_class: tuple[ClassScores, ...]
    regularisation: RegularisationCurve
    fine_tune: FineTuneCurve | None
    photos: tuple[JudgedPhoto, ...]
    data: Photos
    versions: Mapping[str, str]
    config: Mapping[str, Any]


def read_metrics(run_folder: Path) -> RunMetrics:
    """Read a run's metrics.json.

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
    fine_tune = root["curves"]["fine_tune"]
    return RunMetrics(
        bundle=root["bundle"].text(),
        seconds=root["seconds"].number(),
        kept=_kept(root["kept"]),
        classes=classes,
        validation=_validation(root["validation"]),
        cross_validation=_cross_validation(root["cross_validation"]),
        ece=CalibrationError(before=root["ece"]["before"].number(), after=root["ece"]["after"].number()),
        inverse_regularisation=root["inverse_regularisation"].number(),
        temperature=root["temperature"].number(),
        confusion=tuple(
            tuple(cell.count() for cell in _sized(row, len(classes)))
            for row in _sized(root["confusion"], len(classes))
        ),
        per_class=tuple(_class_scores(each) for each in _sized(root["per_class"], len(classes))),
        regularisation=RegularisationCurve(**_columns(root["curves"]["regularisation"], RegularisationCurve)),
        fine_tune=None if fine_tune.value is None else FineTuneCurve(**_columns(fine_tune, FineTuneCurve)),
        photos=tuple(_judged_photo(each) for each in root["photos"].elements()),
        data=_photos(root["data"]),
        versions={key: each.text() for key, each in root["versions"].members().items()},
        config={key: each.value for key, each in root["config"].members().items()},
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
    """The columns of a curve, all as long as its first."""
    columns = {each.name: field[each.name].numbers() for each in fields(curve)}
    length = len(next(iter(columns.values())))
    for name, column in columns.items():
        if len(column) != length:
            raise field[name].wrong(f"a list of {length} numbers, as long as the others of its curve")
    return columns


def _kept(field: Field) -> str:
    if field.value not in KEPT:
        raise field.wrong(" or ".join(KEPT))
    return field.text()


def _class_name(field: Field) -> ClassName:
    return ClassName(id=field["id"].text(), en=field["en"].text(), ru=field["ru"].text())


def _validation(field: Field) -> Validation:
    interval = field["interval"].numbers()
    if len(interval) != 2:
        raise field["interval"].wrong("a list of two numbers")
    return Validation(
        right=field["right"].count(),
        total=field["total"].count(),
        accuracy=field["accuracy"].number(),
        interval=(interval[0], interval[1]),
    )


def _cross_validation(field: Field) -> CrossValidation:
    return CrossValidation(
        mean=field["mean"].number(), std=field["std"].number(), folds=field["folds"].numbers()
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
    return Photos(
        train=field["train"].counts(),
        validation=field["validation"].counts(),
        rejected=tuple(
            (each["photo"].text(), each["reason"].text()) for each in field["rejected"].elements()
        ),
        fingerprint=field["fingerprint"].text(),
    )
