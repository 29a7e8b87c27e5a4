"""What the doctor finds, as plain records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from kuzov.run_metrics import LearningCurve

Facts: TypeAlias = Mapping[str, str | int | float | bool]
"""What a finding is told by: a measure, the class that is suggested, a reason."""


class Kind(StrEnum):
    """Kinds of findings, in the order in which they are told."""

    REFUSED = "refused"
    UNREADABLE = "unreadable"
    TRUNCATED = "truncated"
    LEFT_OUT = "left_out"
    LEAK = "leak"
    ACROSS_CLASSES = "across_classes"
    EXACT_DUPLICATE = "exact_duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    WRONG_LABEL = "wrong_label"
    NO_CAR = "no_car"
    SEVERAL_CARS = "several_cars"
    SMALL_CAR = "small_car"
    ODD = "odd"
    TINY = "tiny"
    EXTREME_ASPECT = "extreme_aspect"
    BLURRED = "blurred"
    DARK = "dark"
    TOO_FEW = "too_few"
    IMBALANCE = "imbalance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong with photos, or may be.

    Attributes:
        kind: What.
        photos: Which, relative to the folder; empty where a class is meant.
        certainty: How sure it is, 0..1: 1 for what is so, 0.5 for what a threshold just tells.
    """

    kind: Kind
    photos: tuple[str, ...] = ()
    certainty: float = 1.0
    facts: Facts

    def to_json(self) -> dict[str, object]:
        """The object that `kuzov doctor --json` prints for it."""
        return asdict(self) | {"certainty": round(self.certainty, 4)}


class Reason(StrEnum):
    """Why a check was not made, or not of all photos."""

    NO_PHOTOS = "no_photos"
    ONE_CLASS = "one_class"
    FEW_IN_CLASS = "few_in_class"
    MOSTLY_WITHOUT_CARS = "mostly_without_cars"
    NO_VALIDATION = "no_validation"
    TOO_FEW_TO_CURVE = "too_few_to_curve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A check that was not made, or not of some classes.

    Attributes:
        check: The kind of findings that it would have made; TOO_FEW for the learning curve.
        classes: Those that it leaves out; empty where that is all.
    """

    check: Kind
    reason: Reason
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A file that is certainly no loss, and the finding that it is moved for.

    `kept` is the photo that stays in its place, empty for a file that can't be read.
    """

    photo: str
    kind: Kind
    kept: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All that was found in a folder of photos.

    Attributes:
        folder: Which.
        counts: Readable photos by side and class; the one side of a folder that is not divided is "".
        findings: By certainty, most certain first, then by kind.
        skipped: Checks that were not made.
        learning_curve: Accuracy by photos a class; without points where there are too few.
        moves: What `fix` moves, or would move.
        quarantine: Where it moved them; None where nothing was moved.
        seconds: How long it took.
    """

    folder: Path
    counts: Mapping[str, Mapping[str, int]]
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    learning_curve: LearningCurve
    moves: tuple[Move, ...]
    quarantine: Path | None
    seconds: float

    @property
    def photos(self) -> int:
        """How many photos could be read."""
        return sum(sum(classes.values()) for classes in self.counts.values())

    @property
    def is_refused(self) -> bool:
        """Whether `kuzov train` refuses the folder for its layout."""
        return any(finding.kind == Kind.REFUSED for finding in self.findings)

    @property
    def totals(self) -> dict[Kind, int]:
        """How many findings there are of each kind that has any, in the order of `Kind`."""
        counted = Counter(finding.kind for finding in self.findings)
        return {kind: counted[kind] for kind in Kind if counted[kind]}

    def to_json(self) -> dict[str, object]:
        """The object that `kuzov doctor --json` prints."""
        return {
            "folder": str(self.folder),
            "photos": self.photos,
            "counts": {side: dict(classes) for side, classes in self.counts.items()},
            "totals": {kind.value: count for kind, count in self.totals.items()},
            "findings": [finding.to_json() for finding in self.findings],
            "not_checked": [asdict(skipped) for skipped in self.skipped],
            "learning_curve": asdict(self.learning_curve),
            "moves": [asdict(move) for move in self.moves],
            "quarantine": None if self.quarantine is None else str(self.quarantine),
            "seconds": round(self.seconds, 2),
        }
