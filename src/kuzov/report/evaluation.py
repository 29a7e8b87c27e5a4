"""Judge a finished bundle by photos of known classes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kuzov.data.archive import errors_as_given
from kuzov.data.labelled import LabelledPhotos, list_labelled
from kuzov.errors import ConfigError
from kuzov.model.scores import expected_calibration_error, judge_classes, proportion, reliability_bins
from kuzov.output_folder import require_writable
from kuzov.progress import Progress
from kuzov.report.answers import Answers, Subject, ask
from kuzov.report.write import write_files, write_report
from kuzov.run_metrics import (
    METRICS_FILE,
    CalibrationError,
    EvaluationMetrics,
    JudgedPhoto,
    MarkedUnknown,
    Photos,
    Rejected,
    Reliability,
)
from kuzov.words import Words

TRAINING_FILE = "config.toml"  # lies in a training run's folder, and never in an evaluation's

_OF_A_TRAINING = Words(
    "{folder} is a training run's folder, with a report of its own; give another.",
    "{folder} — папка обучения, и отчёт в ней свой; укажите другую.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How good a bundle is on a folder of photos: the page, and the content of metrics.json beside it."""

    report: Path
    metrics: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The object that `kuzov evaluate --json` prints."""
        metrics = self.metrics
        classes = [
            {"id": name["id"], **scores}
            for name, scores in zip(metrics["classes"], metrics["per_class"], strict=True)
        ]
        data = metrics["data"]
        return {
            "bundle": metrics["bundle"],
            "photos": data["folder"],
            **metrics["validation"],
            "classes": classes,
            "confusion": metrics["confusion"],
            "ece": metrics["ece"]["after"],
            "unknown": metrics["unknown"],
            "learned_from": metrics["learned_from"],
            "unseen": metrics["unseen"],
            "rejected": data["rejected"],
            "passed_over": data["passed_over"],
            "report": str(self.report),
        }


def evaluate(bundle: Path, photos: Path, out: Path | None, *, given: Path, progress: Progress) -> Evaluation:
    """Judge a bundle, and write metrics.json, pictures and report.html; see `kuzov.api.evaluate`.

    `photos` is the folder, `given` what the user gave, which may be a zip of it.
    """
    subject = Subject.load(bundle)
    labelled = list_labelled(photos, subject.classes)
    folder = out or default_folder(subject, photos)
    require_folder(folder)
    answers = ask(subject, labelled, progress)
    named = partial(errors_as_given, folder=photos, photos=given)
    labelled = replace(labelled, rejected=named(labelled.rejected), passed_over=named(labelled.passed_over))
    answers = replace(answers, unreadable=named(answers.unreadable))
    metrics = collect_metrics(subject, labelled, answers).to_json()
    content = json.dumps(metrics, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace")
    progress("draw", 0, 1)
    write_files(folder, {METRICS_FILE: content})
    report = write_report(folder)
    progress("draw", 1, 1)
    return Evaluation(report=report, metrics=metrics)


def default_folder(subject: Subject, photos: Path) -> Path:
    """Where an evaluation goes unless it is told otherwise: evaluations/<version>-<name of the photos>."""
    return Path("evaluations", f"{subject.version_dir.resolve().name}-{photos.resolve().name}")


def require_folder(folder: Path) -> None:
    """See that a report may be written, before minutes are spent on it.

    Raises:
        ConfigError: It is a file, it can't be made, or a training run keeps its own report there.
    """
    require_writable(folder)
    if (folder / TRAINING_FILE).exists():
        raise ConfigError(_OF_A_TRAINING.fill(folder=str(folder)))


def collect_metrics(subject: Subject, labelled: LabelledPhotos, answers: Answers) -> EvaluationMetrics:
    """The judgement, in the form of a training run's, without what only training knows."""
    card, classes = subject.card, subject.classes
    scores, labels = answers.probabilities(classes), answers.labels(classes)
    right = scores.argmax(axis=1) == labels
    marked = np.array([each.is_unknown for each in answers.predictions])
    confusion, per_class = judge_classes(scores, labels)
    learned = subject.learned_from(answers.photos)
    seen = np.zeros(len(labels), np.bool_) if learned is None else np.array(learned)
    return EvaluationMetrics(
        bundle=str(subject.version_dir.resolve()),
        classes=card.classes,
        validation=proportion(int(right.sum()), len(labels)),
        learned_from=None if learned is None else int(seen.sum()),
        unseen=None if seen.all() else proportion(int(right[~seen].sum()), int((~seen).sum())),
        ece=CalibrationError(before=None, after=expected_calibration_error(scores, labels)),
        reliability=Reliability(before=(), after=reliability_bins(scores, labels)),
        temperature=card.temperature,
        unknown_threshold=card.unknown_threshold,
        unknown=MarkedUnknown(
            right=int((marked & right).sum()), wrong=int((marked & ~right).sum()), rate=float(marked.mean())
        ),
        confusion=confusion,
        per_class=per_class,
        photos=tuple(
            JudgedPhoto(
                photo=str(photo.path.relative_to(labelled.root)),
                label=photo.label,
                predicted=answer.label,
                probability=answer.probability,
                unknown=answer.unknown,
                is_unknown=answer.is_unknown,
                look_alike=answer.look_alike,
            )
            for photo, answer in zip(answers.photos, answers.predictions, strict=True)
        ),
        data=_photos(subject, labelled, answers),
        versions=dict(card.versions),
        config=dict(card.config),
    )


def _photos(subject: Subject, labelled: LabelledPhotos, answers: Answers) -> Photos:
    rejected = sorted((*labelled.rejected, *answers.unreadable), key=lambda error: error.photo)
    learned = subject.card.data
    return Photos(
        folder=str(labelled.root.resolve()),
        train=learned["train"],
        validation=dict(Counter(photo.label for photo in answers.photos)),
        rejected=tuple(map(Rejected.of, rejected)),
        passed_over=tuple(map(Rejected.of, labelled.passed_over)),
        fingerprint=learned["fingerprint"],
    )
