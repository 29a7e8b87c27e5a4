from __future__ import annotations

import numpy as np
import pytest

from kuzov.doctor.findings import Kind, Reason, Skipped
from kuzov.doctor.labels import find_wrong_labels
from kuzov.model.head import Features
from tests.doctor.conftest import a_photo


def features_of(kinds: list[int]) -> Features:
    """One view a photo, (N, 1, 24): photos of a kind are alike."""
    rng = np.random.default_rng(0)
    middles = rng.uniform(0, 1, (max(kinds) + 1, 24))
    return (middles[kinds] + rng.uniform(0, 0.3, (len(kinds), 24)))[:, None].astype(np.float32)


def test_swapped_labels_are_found() -> None:
    names = [f"{label}/{number}.jpg" for label in ("sedan", "suv", "van") for number in range(10)]
    kinds = [0] * 10 + [1] * 10 + [2] * 10
    kinds[3], kinds[15] = 2, 0  # what is seen on them is not what their folders say
    photos = [a_photo(name) for name in names]
    findings, skipped = find_wrong_labels(photos, features_of(kinds), names, seed=0)
    found = {finding.photos[0]: finding.facts["suggested"] for finding in findings}
    assert found == {"sedan/3.jpg": "van", "suv/5.jpg": "sedan"}
    assert all(0.5 < finding.certainty <= 1 for finding in findings)
    assert [finding.certainty for finding in findings] == sorted(
        (finding.certainty for finding in findings), reverse=True
    )
    assert not skipped


def test_a_class_with_a_single_photo_is_left_out() -> None:
    names = [*(f"sedan/{n}.jpg" for n in range(5)), *(f"suv/{n}.jpg" for n in range(5)), "van/0.jpg"]
    photos = [a_photo(name) for name in names]
    findings, skipped = find_wrong_labels(photos, features_of([0] * 5 + [1] * 5 + [2]), names, seed=0)
    assert not findings
    assert skipped == [Skipped(check=Kind.WRONG_LABEL, reason=Reason.FEW_IN_CLASS, classes=("van",))]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["suv/0.jpg", "suv/1.jpg", "suv/2.jpg"], Reason.ONE_CLASS),
        (["suv/0.jpg", "van/0.jpg"], Reason.FEW_IN_CLASS),
    ],
)
def test_what_can_not_be_compared(names: list[str], reason: Reason) -> None:
    photos = [a_photo(name) for name in names]
    findings, skipped = find_wrong_labels(photos, features_of([0] * len(names)), names, seed=0)
    assert not findings
    assert [(each.check, each.reason) for each in skipped] == [(Kind.WRONG_LABEL, reason)]
