"""What a run leaves beside its bundle: metrics.json, for the report, and config.toml, to repeat it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kuzov.config import TrainConfig
from kuzov.errors import KuzovError
from kuzov.model.calibration import (
    UNKNOWN_THRESHOLD,
    Calibration,
    expected_calibration_error,
)
from kuzov.training.candidate import Candidate
from kuzov.training.export import package_versions, readable_json
from kuzov.training.judge import Choice, OutOfFold, judge_classes, wilson_interval
from kuzov.training.learning_set import LearningSet

UNCALIBRATED = Calibration(temperature=1.0, least_margin=0.0)


def collect_metrics(
    data: LearningSet,
    candidate: Candidate,
    choice: Choice,
    everywhere: OutOfFold,
    config: TrainConfig,
    *,
    fine_tune_history: Mapping[str, Sequence[float]] | None,
) -> dict[str, Any]:
    """The judgement of a run as JSON.

    Args:
        data: The photos.
        candidate: The recogniser that was kept.
        choice: How the head's regularisation was chosen.
        everywhere: The head's cross-validation over all photos.
        config: The run's settings.
        fine_tune_history: Loss and accuracy by epoch of the second stage, kept or not, if there was one.
    """
    labels, logits = data.labels[data.validation], candidate.validation_logits
    right = int((logits.argmax(axis=1) == labels).sum())
    confusion, per_class = judge_classes(logits, labels)
    return {
        "kept": candidate.kept,
        "classes": [{"id": each.id, "en": each.en, "ru": each.ru} for each in data.names],
        "validation": {
            "right": right,
            "total": len(labels),
            "accuracy": right / len(labels),
            "interval": list(wilson_interval(right, len(labels))),
        },
        "cross_validation": {
            "mean": float(np.mean(everywhere.accuracies)),
            "std": float(np.std(everywhere.accuracies)),
            "folds": list(everywhere.accuracies),
        },
        "ece": {"before": _ece(UNCALIBRATED, candidate), "after": _ece(candidate.calibration, candidate)},
        "inverse_regularisation": choice.inverse_regularisation,
        "temperature": candidate.calibration.temperature,
        "confusion": confusion,
        "per_class": per_class,
        "curves": {
            "regularisation": {
                "inverse_regularisation": list(config.head.inverse_regularisation),
                "accuracy": list(choice.accuracies),
                "log_loss": list(choice.log_losses),
            },
            "fine_tune": fine_tune_history,
        },
        "photos": _answers(data, candidate),
        "data": data.describe(),
        "versions": package_versions(),
        "config": config.to_json(),
    }


def write_run(run_folder: Path, metrics: Mapping[str, Any], config: TrainConfig) -> None:
    """Write metrics.json and config.toml, each whole or not at all.

    Raises:
        KuzovError: The folder can't be written.
    """
    contents = {"config.toml": config.to_toml().encode(), "metrics.json": readable_json(metrics)}
    try:
        run_folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            part = run_folder / f".{name}.part"
            part.write_bytes(content)
            part.replace(run_folder / name)
    except OSError as error:
        raise KuzovError(f"The run folder {run_folder} can't be written: {error.strerror}.") from error


def _ece(calibration: Calibration, candidate: Candidate) -> float:
    probabilities = calibration.probabilities(candidate.unseen_logits)
    return expected_calibration_error(probabilities, candidate.unseen_labels)


def _answers(data: LearningSet, candidate: Candidate) -> list[dict[str, Any]]:
    probabilities = candidate.calibration.probabilities(candidate.validation_logits)
    unknown = candidate.calibration.unknown(candidate.validation_logits)
    return [
        {
            "photo": str(photo.path.relative_to(data.dataset.root)),
            "label": photo.label,
            "predicted": data.names[int(row.argmax())].id,
            "probability": float(row.max()),
            "unknown": float(none),
            "is_unknown": bool(none > UNKNOWN_THRESHOLD),
        }
        for photo, row, none in zip(data.dataset.validation, probabilities, unknown, strict=True)
    ]
