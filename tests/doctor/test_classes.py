from __future__ import annotations

from pathlib import Path

import numpy as np

from kuzov.doctor.classes import NO_CURVE, count_photos, curve_of, tell_classes
from kuzov.doctor.copies import Copies
from kuzov.doctor.findings import Finding, Kind, Reason, Skipped
from kuzov.doctor.folder import PhotoFolder
from tests.doctor.conftest import a_photo


def folder_of(*classes: str, sides: tuple[str, ...] = ("",)) -> PhotoFolder:
    return PhotoFolder(root=Path(), sides=sides, classes=classes, photos=(), left_out=())


def names_of(**counts: int) -> list[str]:
    return [f"{label}/{number}.jpg" for label, count in counts.items() for number in range(count)]


def test_too_few_and_far_fewer() -> None:
    names = names_of(sedan=20, suv=20, van=3)
    photos = [a_photo(name) for name in names]
    findings, skipped = tell_classes(folder_of("sedan", "suv", "van"), photos, names)
    assert findings == [
        Finding(kind=Kind.TOO_FEW, facts={"label": "van", "side": "", "photos": 3, "least": 5}),
        Finding(kind=Kind.IMBALANCE, facts={"label": "van", "photos": 3, "median": 20.0}),
    ]
    assert skipped == [Skipped(check=Kind.LEAK, reason=Reason.NO_VALIDATION)]


def test_copies_count_once() -> None:
    names = names_of(suv=6)
    findings, _ = tell_classes(folder_of("suv"), [a_photo(name) for name in names], ["same"] * 6)
    assert [finding.facts["photos"] for finding in findings] == [1]


def test_a_class_without_a_photo_to_judge_by() -> None:
    names = [f"train/suv/{number}.jpg" for number in range(6)]
    folder = folder_of("suv", sides=("train", "validation"))
    findings, skipped = tell_classes(folder, [a_photo(name) for name in names], names)
    assert [(finding.facts["side"], finding.facts["photos"]) for finding in findings] == [("validation", 0)]
    assert skipped == [Skipped(check=Kind.IMBALANCE, reason=Reason.ONE_CLASS)]


def test_counts_have_every_class() -> None:
    photos = [a_photo("train/suv/1.jpg")]
    counts = count_photos(folder_of("suv", "van", sides=("train", "validation")), photos)
    assert counts == {"train": {"suv": 1, "van": 0}, "validation": {"suv": 0, "van": 0}}


def test_the_curve_leaves_out_what_says_nothing() -> None:
    names = names_of(sedan=6, suv=6, van=2)
    photos = [a_photo(name) for name in names]
    features = np.random.default_rng(0).uniform(0, 1, (14, 1, 8)).astype(np.float32)
    both = Copies(rows=(0, 6), similarity=0.99, exact=False, mirrored=False)
    groups = [names[0] if row == 6 else name for row, name in enumerate(names)]
    curve, skipped = curve_of(photos, features, groups, [both], seed=0)
    assert curve.shots == (1, 2, 3)  # of the five photos of each class that are left
    assert skipped == [Skipped(check=Kind.TOO_FEW, reason=Reason.FEW_IN_CLASS, classes=("van",))]


def test_no_curve_of_one_class() -> None:
    names = names_of(suv=6)
    features = np.ones((6, 1, 8), np.float32)
    curve, skipped = curve_of([a_photo(name) for name in names], features, names, [], seed=0)
    assert curve == NO_CURVE
    assert skipped == [Skipped(check=Kind.TOO_FEW, reason=Reason.ONE_CLASS)]
