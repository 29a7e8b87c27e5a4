"""What a training run or an evaluation says of itself: metrics.json as typed records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kuzov.records import ClassName


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """How many of the photos judged by were recognised, and the 95 % interval of the accuracy."""

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
class Shots:
    """Accuracy of heads that learned from few photos of each class, `shots`, drawn at random again and again.

    The head of each of the `draws` was judged by all others, `photos` in number.
    """

    shots: int
    draws: int
    photos: int
    mean: float
    std: float
    least: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationError:
    """Expected calibration error before and after temperature scaling, 0..1; an evaluation sees the after."""

    before: float | None
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
class LearningCurve:
    """Accuracy by the number of photos of each class learned from; empty where there are too few photos."""

    shots: tuple[int, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    draws: int

    def last_doubling(self) -> tuple[int, int] | None:
        """Positions of the most photos and of half as many or a little fewer, the fewer first."""
        halves = [place for place, shots in enumerate(self.shots) if 2 * shots <= self.shots[-1]]
        return (halves[-1], len(self.shots) - 1) if halves else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Photos of about the same confidence, and the accuracy of their answers with its 95 % interval."""

    confidence: float
    accuracy: float
    interval: tuple[float, float]
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Confidence against accuracy, before and after calibration, the least sure photos first.

    An evaluation, which sees calibrated probabilities only, has none before.
    """

    before: tuple[Bin, ...]
    after: tuple[Bin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPhoto:
    """The answer to one photo; `label` and `predicted` are class ids, `photo` is relative to the folder."""

    photo: str
    label: str
    predicted: str
    probability: float
    unknown: float
    is_unknown: bool

    @property
    def is_right(self) -> bool:
        """Whether the answer is the true class, however unknown the car is thought to be."""
        return self.predicted == self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Photos:
    """The photos of a run.

    Attributes:
        folder: Where they lie; None where an older run did not note it.
        train: Number of photos learned from by class id.
        validation: Likewise, of photos judged by.
        rejected: The files that were left out, and why.
        fingerprint: Of all photos, see `kuzov.data.dataset.fingerprint`.
        learned_from: Whether those judged by are the very ones that the recogniser was made of.
    """

    folder: Path | None
    train: Mapping[str, int]
    validation: Mapping[str, int]
    rejected: tuple[tuple[str, str], ...]
    fingerprint: str
    learned_from: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What only the training run itself knows.

    A run with a few shots a class has `shots`, any other has `cross_validation`.
    """

    seconds: float
    kept: str
    cross_validation: CrossValidation | None
    shots: Shots | None
    inverse_regularisation: float
    regularisation: RegularisationCurve
    fine_tune: FineTuneCurve | None
    learning_curve: LearningCurve


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMetrics:
    """All of metrics.json. Rows of `confusion` are true classes, its columns predicted ones.

    `training` is None where a finished bundle was judged on other photos.
    """

    bundle: str
    training: Training | None
    classes: tuple[ClassName, ...]
    validation: Validation
    ece: CalibrationError
    temperature: float
    unknown_threshold: float
    confusion: tuple[tuple[int, ...], ...]
    per_class: tuple[ClassScores, ...]
    reliability: Reliability
    photos: tuple[JudgedPhoto, ...]
    data: Photos
    versions: Mapping[str, str]
    config: Mapping[str, Any]

    @property
    def unknown_photos(self) -> tuple[JudgedPhoto, ...]:
        """Those that were taken for a car of none of the classes."""
        return tuple(each for each in self.photos if each.is_unknown)

    @property
    def mistakes(self) -> tuple[JudgedPhoto, ...]:
        """The wrong answers, the surest first."""
        return tuple(sorted((p for p in self.photos if not p.is_right), key=lambda p: -p.probability))

    @property
    def least_certain(self) -> tuple[JudgedPhoto, ...]:
        """The right answers, the least sure first."""
        return tuple(sorted((p for p in self.photos if p.is_right), key=lambda p: p.probability))
