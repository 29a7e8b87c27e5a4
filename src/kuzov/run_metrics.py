"""metrics.json: what a training run or an evaluation says of itself, as it is written and read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from kuzov.errors import KuzovError, PhotoError, reason_of
from kuzov.records import ClassName, LookAlike
from kuzov.words import Words

METRICS_FILE = "metrics.json"

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
Kept: TypeAlias = Literal["head", "fine-tuned"]
"""Which of the two recognisers of a run was kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """How many of the photos judged by were recognised, and the 95 % interval of the accuracy."""

    right: Count
    total: Count
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

    shots: Count
    draws: Count
    photos: Count
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
    photos: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class RegularisationCurve:
    """The candidates for the head's strength and what each came to."""

    inverse_regularisation: tuple[float, ...]
    accuracy: tuple[float, ...]
    log_loss: tuple[float, ...]

    def __post_init__(self) -> None:
        _require_equally_long(self.inverse_regularisation, self.accuracy, self.log_loss)


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuneCurve:
    """Each epoch of fine-tuning, on the photos learned from and (val_…) on those held out."""

    loss: tuple[float, ...]
    val_loss: tuple[float, ...]
    accuracy: tuple[float, ...]
    val_accuracy: tuple[float, ...]

    def __post_init__(self) -> None:
        _require_equally_long(self.loss, self.val_loss, self.accuracy, self.val_accuracy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """How the head's strength was chosen and, if it was tried, how fine-tuning went."""

    regularisation: RegularisationCurve
    fine_tune: FineTuneCurve | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningCurve:
    """Accuracy, 0..1, by the number of photos of each class learned from, over some random draws.

    It is empty where there are too few photos.
    """

    shots: tuple[Count, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    draws: Count

    def __post_init__(self) -> None:
        _require_equally_long(self.shots, self.mean, self.std)

    def last_rise(self) -> tuple[int, int] | None:
        """Positions of the best of at most half the photos, the last of such, and of the most photos."""
        halves = [place for place, shots in enumerate(self.shots) if 2 * shots <= self.shots[-1]]
        best = max(halves, key=lambda place: (self.mean[place], place), default=None)
        return None if best is None else (best, len(self.shots) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Photos of about the same confidence, and the accuracy of their answers with its 95 % interval."""

    confidence: float
    accuracy: float
    interval: tuple[float, float]
    photos: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Confidence against accuracy, before and after calibration, the least sure photos first.

    An evaluation, which sees calibrated probabilities only, has none before.
    """

    before: tuple[Bin, ...]
    after: tuple[Bin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPhoto:
    """The answer to one photo; `label` and `predicted` are class ids, `photo` is relative to the folder.

    `look_alike` is what an unknown car looks like instead, if that is known.
    """

    photo: str
    label: str
    predicted: str
    probability: float
    unknown: float
    is_unknown: bool
    look_alike: LookAlike | None = None

    @property
    def is_right(self) -> bool:
        """Whether the answer is the true class, however unknown the car is thought to be."""
        return self.predicted == self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A file that was left out, and why; an older run told the reason in English alone."""

    photo: str
    reason: str
    reason_ru: str = ""

    @classmethod
    def of(cls, error: PhotoError) -> Rejected:
        """The file that an error is about."""
        return cls(photo=error.photo, reason=error.reason_words.en, reason_ru=error.reason_words.ru)

    @property
    def words(self) -> Words:
        """The reason in both languages."""
        return Words(self.reason, self.reason_ru or self.reason)

    def __str__(self) -> str:
        return f"{self.photo}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Photos:
    """The photos of a run: how many were learned from and judged by, by class id, and what was left out.

    Left out are files, `rejected`, and folders that are neither classes nor sets of the run, `passed_over`.
    The fingerprint is that of `kuzov.data.dataset.fingerprint`, of all photos of the training. An older run
    did not note the folder.
    """

    train: Mapping[str, Count]
    validation: Mapping[str, Count]
    rejected: tuple[Rejected, ...]
    fingerprint: str
    passed_over: tuple[Rejected, ...] = ()
    folder: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMetrics:
    """What both say. Rows of `confusion` are true classes, its columns predicted ones."""

    bundle: str
    classes: tuple[ClassName, ...]
    validation: Validation
    ece: CalibrationError
    temperature: float
    unknown_threshold: float = 0.5  # of runs that did not note it
    confusion: tuple[tuple[Count, ...], ...]
    per_class: tuple[ClassScores, ...]
    reliability: Reliability
    photos: tuple[JudgedPhoto, ...]
    data: Photos
    versions: Mapping[str, str]
    config: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not self.classes:
            raise ValueError("`classes` is empty")
        _require_equally_long(self.classes, self.confusion, self.per_class, *self.confusion)

    def to_json(self) -> dict[str, Any]:
        """The content of metrics.json."""
        return dict(json.loads(json.dumps(asdict(self))))

    @property
    def unknown_photos(self) -> tuple[JudgedPhoto, ...]:
        """Those that were taken for a car of none of the classes."""
        return tuple(each for each in self.photos if each.is_unknown)

    @property
    def right_but_unknown(self) -> tuple[JudgedPhoto, ...]:
        """Right answers that a person is not given, as the car is taken for none of the classes."""
        return tuple(each for each in self.unknown_photos if each.is_right)

    @property
    def mistakes(self) -> tuple[JudgedPhoto, ...]:
        """The wrong answers, the surest first."""
        return tuple(sorted((p for p in self.photos if not p.is_right), key=lambda p: -p.probability))

    @property
    def least_certain(self) -> tuple[JudgedPhoto, ...]:
        """The right answers, the least sure first."""
        return tuple(sorted((p for p in self.photos if p.is_right), key=lambda p: p.probability))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingMetrics(RunMetrics):
    """Of a training run.

    `seconds` end where the recogniser is written, before its report and its proof. A run with a few shots a
    class has `shots`, any other has `cross_validation`.
    """

    kind: Literal["training"] = "training"
    seconds: float
    kept: Kept
    cross_validation: CrossValidation | None
    shots: Shots | None
    inverse_regularisation: float
    curves: Curves
    learning_curve: LearningCurve


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedUnknown:
    """How many right answers, which are false alarms, and wrong ones were marked so; `rate` is of all."""

    right: Count
    wrong: Count
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationMetrics(RunMetrics):
    """Of a finished bundle, on any photos.

    Attributes:
        learned_from: How many of them it has learned from; None where an older kuzov's bundle does not tell.
        unseen: The judgement by the others; None where there are none.
    """

    kind: Literal["evaluation"] = "evaluation"
    unknown: MarkedUnknown
    learned_from: Count | None = None
    unseen: Validation | None = None


def read_metrics(run_folder: Path) -> TrainingMetrics | EvaluationMetrics:
    """Read the metrics.json of a training run or an evaluation, also an older kuzov's.

    Raises:
        KuzovError: It is missing or not as kuzov writes it; the text names the file and the place.
    """
    file = run_folder / METRICS_FILE
    try:
        # By json, as msgspec refuses a photo's name that is not valid Unicode.
        values = json.loads(file.read_text(encoding="utf-8"))
        # Not strict, as an older kuzov wrote some counts as 3.0.
        if isinstance(values, dict) and values.get("kind") == "evaluation":
            return msgspec.convert(values, EvaluationMetrics, strict=False)
        return msgspec.convert(values, TrainingMetrics, strict=False)
    except OSError as error:
        raise KuzovError(f"The run folder {run_folder} has no {METRICS_FILE}: {reason_of(error)}.") from error
    except msgspec.ValidationError as error:
        raise KuzovError(
            f"{file} is not as kuzov writes it: {error}. Make it anew: kuzov train, kuzov evaluate."
        ) from error
    except ValueError as error:
        raise KuzovError(f"{file} is not valid JSON: {error}.") from error


def _require_equally_long(first: Sequence[object], *others: Sequence[object]) -> None:
    """ValueError where some are not as long as the first; msgspec tells where they stand."""
    if {len(each) for each in others} - {len(first)}:
        raise ValueError(f"not all of its lists have {len(first)} elements")
