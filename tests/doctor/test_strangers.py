from __future__ import annotations

import numpy as np
import pytest

from kuzov.doctor.findings import Kind, Reason, Skipped
from kuzov.doctor.strangers import class_cosines, deviations, find_strangers
from kuzov.model.head import Features, normalise
from tests.doctor.conftest import a_photo

WIDTH = 16
BACKGROUND = np.eye(WIDTH, dtype=np.float32)[8:10]
PHOTOS = [a_photo(f"{label}/{number}.jpg") for label in ("sedan", "suv") for number in range(8)]


def toward(*axes: int) -> Features:
    """Features, (N, 1, 16), each nearly along one axis; square roots are taken of them."""
    noise = np.random.default_rng(0).uniform(0, 0.02, (len(axes), WIDTH))
    return np.square(noise + np.eye(WIDTH)[list(axes)])[:, None].astype(np.float32)


def test_a_photo_far_from_every_car_shows_none() -> None:
    findings, skipped = find_strangers(PHOTOS, toward(*[0] * 7, 15, *[1] * 8), BACKGROUND)
    assert [(finding.kind, finding.photos) for finding in findings] == [(Kind.NO_CAR, ("sedan/7.jpg",))]
    assert not skipped


def test_a_photo_of_another_model_is_odd() -> None:
    (odd,), _ = find_strangers(PHOTOS, toward(*[0] * 7, 8, *[1] * 8), BACKGROUND)
    assert (odd.kind, odd.photos, odd.facts["label"]) == (Kind.ODD, ("sedan/7.jpg",), "sedan")
    assert 0.5 < odd.certainty < 1


def test_where_most_are_strange_nothing_is_told() -> None:
    features = toward(*range(10, 16), 10, 11, *range(10, 16), 12, 13)
    findings, skipped = find_strangers(PHOTOS, features, BACKGROUND)
    assert not findings
    assert skipped == [Skipped(check=Kind.NO_CAR, reason=Reason.MOSTLY_STRANGE)]


def test_a_class_of_few_is_not_compared() -> None:
    photos = [*PHOTOS[:8], a_photo("van/1.jpg"), a_photo("van/2.jpg")]
    findings, skipped = find_strangers(photos, toward(*[0] * 8, 14, 15), BACKGROUND)
    assert not findings
    assert skipped == [
        Skipped(check=kind, reason=Reason.FEW_IN_CLASS, classes=("van",)) for kind in (Kind.NO_CAR, Kind.ODD)
    ]


def test_a_photo_is_compared_with_the_others_of_its_class() -> None:
    shown = normalise(np.array([[1, 0], [0, 1], [1, 1]], np.float32))
    cosines = class_cosines(shown, np.array([0, 0, 1]))
    assert cosines[0, 0] == pytest.approx(0)  # the only other one is at a right angle
    assert cosines[2, 0] == pytest.approx(1)
    assert cosines[2, 1] == pytest.approx(0)  # there is no other


def test_deviations_are_from_the_class_s_median() -> None:
    familiarity = np.array([0.5, 0.6, 0.7, 0.1, 0.2, 0.3])
    found = deviations(familiarity, np.array([0, 0, 0, 1, 1, 1]))
    assert found == pytest.approx(np.array([1, 0, -1, 1, 0, -1]) / 1.4826)
