"""Two bundles side by side on the same photos."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kuzov.data.archive import errors_as_given
from kuzov.data.labelled import list_labelled
from kuzov.errors import BundleError
from kuzov.model.scores import expected_calibration_error, proportion, sign_test
from kuzov.progress import Progress
from kuzov.records import ClassName
from kuzov.report.answers import Answers, Subject, ask
from kuzov.run_metrics import Rejected
from kuzov.words import Words, joined

_OTHER_CLASSES = Words(
    "Bundles of different classes can't be compared: {differences}.",
    "Модели с разными классами не сравнить: {differences}.",
)
_ONLY = Words("only {name} knows {classes}", "только {name} знает {classes}")

SIGNIFICANT = 0.05
"""A p-value below this is called no chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two bundles, on these photos.

    The interval is the accuracy's, of 95 % (Wilson); `ece` is the expected calibration error, 0..1.
    `learned_from`: how many of the photos it has learned from; None of an older kuzov's bundle.
    """

    bundle: str
    right: int
    total: int
    accuracy: float
    interval: tuple[float, float]
    ece: float
    marked_unknown: int
    learned_from: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A photo that the two answer differently; `label`, `a` and `b` are class ids."""

    photo: str
    label: str
    a: str
    a_probability: float
    b: str
    b_probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleComparison:
    """How two bundles compare on the same photos.

    Attributes:
        a: The first bundle; `only_a` counts the photos that it alone recognises.
        b: The second, likewise.
        classes: Of both, in the first one's order.
        p_value: Two-sided, of McNemar's exact test; 1 where both recognise the same photos.
        differences: Photos with different answers, those first that one of the two recognises.
        rejected: Files that were left out.
    """

    a: Side
    b: Side
    photos: Path
    classes: tuple[ClassName, ...]
    both_right: int
    only_a: int
    only_b: int
    neither: int
    p_value: float
    differences: tuple[Difference, ...]
    rejected: tuple[Rejected, ...]

    @property
    def may_be_chance(self) -> bool:
        """Whether two equally good bundles could well differ as much."""
        return self.p_value >= SIGNIFICANT

    def to_json(self) -> dict[str, Any]:
        """The object that `kuzov compare --json` prints."""
        told = asdict(self) | {"photos": str(self.photos), "may_be_chance": self.may_be_chance}
        del told["classes"]
        return told


def compare(a: Path, b: Path, photos: Path, *, given: Path, progress: Progress) -> BundleComparison:
    """Ask two bundles about the same photos; see `kuzov.api.compare`.

    `photos` is the folder, `given` what the user gave, which may be a zip of it.
    """
    first, second = Subject.load(a), Subject.load(b)
    _require_same_classes(first, second)
    labelled = list_labelled(photos, first.classes)
    of_a = ask(first, labelled, progress, stage="ask a")
    of_b = ask(second, labelled, progress, stage="ask b")
    both = set(of_a.photos) & set(of_b.photos)  # the same, unless one vanished between the two
    of_a, of_b = of_a.only(both), of_b.only(both)
    rights = [
        (one.label == photo.label, other.label == photo.label)
        for photo, one, other in zip(of_a.photos, of_a.predictions, of_b.predictions, strict=True)
    ]
    only_a, only_b = rights.count((True, False)), rights.count((False, True))
    rejected = (*labelled.rejected, *labelled.passed_over, *of_a.unreadable)
    return BundleComparison(
        a=_side(first, of_a),
        b=_side(second, of_b),
        photos=labelled.root,
        classes=first.card.classes,
        both_right=rights.count((True, True)),
        only_a=only_a,
        only_b=only_b,
        neither=rights.count((False, False)),
        p_value=min(1.0, 2 * sign_test(*sorted((only_a, only_b)))),
        differences=_differences(labelled.root, of_a, of_b),
        rejected=tuple(map(Rejected.of, errors_as_given(rejected, photos, given))),
    )


def _require_same_classes(a: Subject, b: Subject) -> None:
    differences = [
        _ONLY.fill(name=str(name), classes=", ".join(only))
        for name, these, others in (
            (a.version_dir, a.classes, b.classes),
            (b.version_dir, b.classes, a.classes),
        )
        if (only := [each for each in these if each not in others])
    ]
    if differences:
        raise BundleError(_OTHER_CLASSES.fill(differences=joined(differences, "; ")))


def _side(subject: Subject, answers: Answers) -> Side:
    scores, labels = answers.probabilities(subject.classes), answers.labels(subject.classes)
    right = int((scores.argmax(axis=1) == labels).sum())
    learned = subject.learned_from(answers.photos)
    return Side(
        bundle=str(subject.version_dir),
        **asdict(proportion(right, len(labels))),
        ece=expected_calibration_error(scores, labels),
        marked_unknown=sum(each.is_unknown for each in answers.predictions),
        learned_from=None if learned is None else sum(learned),
    )


def _differences(root: Path, of_a: Answers, of_b: Answers) -> tuple[Difference, ...]:
    rows = [
        Difference(
            photo=str(photo.path.relative_to(root)),
            label=photo.label,
            a=one.label,
            a_probability=one.probability,
            b=other.label,
            b_probability=other.probability,
        )
        for photo, one, other in zip(of_a.photos, of_a.predictions, of_b.predictions, strict=True)
        if one.label != other.label
    ]
    return tuple(sorted(rows, key=lambda each: each.label not in (each.a, each.b)))
