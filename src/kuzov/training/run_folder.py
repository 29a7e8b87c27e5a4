"""What a run leaves beside its bundle: metrics.json, for the report, and config.toml, to repeat it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from kuzov.atlas.names import look_alike
from kuzov.atomic import written_whole
from kuzov.config import TrainConfig
from kuzov.errors import KuzovError, reason_of
from kuzov.model.calibration import probabilities
from kuzov.model.calibrator import UNKNOWN_THRESHOLD
from kuzov.model.head import Labels
from kuzov.model.scores import expected_calibration_error, judge_classes, proportion, reliability_bins
from kuzov.records import LookAlike
from kuzov.run_metrics import (
    METRICS_FILE,
    CalibrationError,
    Curves,
    FineTuneCurve,
    JudgedPhoto,
    RegularisationCurve,
    Reliability,
    TrainingMetrics,
)
from kuzov.training.candidate import Candidate
from kuzov.training.export import package_versions, readable_json
from kuzov.training.judge import Choice, cross_calibrate
from kuzov.training.judgement import Judgement
from kuzov.training.learning_set import LearningSet
from kuzov.words import Words

_UNWRITABLE = Words(
    "The run folder {folder} can't be written: {why}.", "В папку обучения {folder} не записать: {why}."
)


def collect_metrics(
    data: LearningSet,
    candidate: Candidate,
    choice: Choice,
    judgement: Judgement,
    config: TrainConfig,
    *,
    fine_tune_history: Mapping[str, Sequence[float]] | None,
) -> dict[str, Any]:
    """The judgement of a run as JSON; `bundle` and `seconds` are known once it is exported.

    Args:
        data: The photos.
        candidate: The recogniser that was kept.
        choice: How the head's regularisation was chosen.
        judgement: The head's, by all photos.
        config: The run's settings.
        fine_tune_history: Loss and accuracy by epoch of the second stage, kept or not, if there was one.
    """
    labels, logits = data.labels[data.validation], candidate.validation_logits
    right = int((logits.argmax(axis=1) == labels).sum())
    confusion, per_class = judge_classes(logits, labels)
    found = TrainingMetrics(
        bundle="",
        seconds=0.0,
        kept=candidate.kept,
        classes=data.names,
        validation=proportion(right, len(labels)),
        cross_validation=judgement.cross_validation,
        shots=judgement.shots,
        learning_curve=judgement.learning_curve,
        **_calibration(candidate, labels, judgement, config),
        inverse_regularisation=choice.inverse_regularisation,
        temperature=candidate.classifier.temperature,
        confusion=confusion,
        per_class=per_class,
        curves=_curves(choice, config, fine_tune_history),
        unknown_threshold=UNKNOWN_THRESHOLD,
        photos=_answers(data, candidate),
        data=data.describe(),
        versions=package_versions(),
        config=config.to_json(),
    )
    return found.to_json()


def write_run(run_folder: Path, metrics: Mapping[str, Any], config: TrainConfig) -> None:
    """Write metrics.json and config.toml, each whole or not at all.

    Raises:
        KuzovError: The folder can't be written.
    """
    contents = {"config.toml": config.to_toml().encode(), METRICS_FILE: readable_json(metrics)}
    try:
        run_folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            with written_whole(run_folder / name) as file:
                file.write_bytes(content)
    except OSError as error:
        raise KuzovError(_UNWRITABLE.fill(folder=str(run_folder), why=reason_of(error))) from error


def _calibration(
    candidate: Candidate, labels: Labels, judgement: Judgement, config: TrainConfig
) -> dict[str, Any]:
    """How true probabilities are, by photos that neither the head nor the temperature was fitted on.

    `labels` are those of the validation photos.
    """
    if judgement.shots and judgement.shots.shots > 1:
        # Few shots leave most photos to judge by, and those known, the temperature's, are too few.
        logits, temperature = candidate.validation_logits, candidate.classifier.temperature
        after = probabilities(logits, temperature)
    else:
        unseen = candidate.unseen
        logits, labels = unseen.logits, unseen.labels
        after = cross_calibrate(logits, labels, unseen.groups, folds=config.head.folds)
    steps = {"before": probabilities(logits, 1.0), "after": after}
    return {
        "ece": CalibrationError(
            **{step: expected_calibration_error(each, labels) for step, each in steps.items()}
        ),
        "reliability": Reliability(**{step: reliability_bins(each, labels) for step, each in steps.items()}),
    }


def _curves(choice: Choice, config: TrainConfig, history: Mapping[str, Sequence[float]] | None) -> Curves:
    regularisation = RegularisationCurve(
        inverse_regularisation=config.head.inverse_regularisation,
        accuracy=choice.accuracies,
        log_loss=choice.log_losses,
    )
    if history is None:
        return Curves(regularisation=regularisation, fine_tune=None)
    columns = {each.name: tuple(history[each.name]) for each in fields(FineTuneCurve)}
    return Curves(regularisation=regularisation, fine_tune=FineTuneCurve(**columns))


def _answers(data: LearningSet, candidate: Candidate) -> tuple[JudgedPhoto, ...]:
    scores = candidate.classifier.probabilities(candidate.validation_features)
    unknown = candidate.classifier.unknown(candidate.validation_features)
    alike = _look_alikes(candidate)
    return tuple(
        JudgedPhoto(
            photo=str(photo.path.relative_to(data.dataset.root)),
            label=photo.label,
            predicted=data.names[int(row.argmax())].id,
            probability=float(row.max()),
            unknown=float(none),
            is_unknown=bool(none > UNKNOWN_THRESHOLD),
            look_alike=like if none > UNKNOWN_THRESHOLD else None,
        )
        for photo, row, none, like in zip(data.dataset.validation, scores, unknown, alike, strict=True)
    )


def _look_alikes(candidate: Candidate) -> list[LookAlike | None]:
    """Of each validation photo, as far as it is likely enough to be told."""
    if (atlas := candidate.classifier.atlas) is None:
        return [None] * len(candidate.validation_features)
    known = atlas.probabilities(candidate.validation_features)
    return [look_alike((atlas.models[int(row.argmax())], float(row.max()))) for row in known]
