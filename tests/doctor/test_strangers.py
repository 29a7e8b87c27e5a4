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


def test_a_photo_of_another_model_is_odd() -> None:
    (odd,), skipped = find_strangers(PHOTOS, toward(*[0] * 7, 8, *[1] * 8), BACKGROUND)
    assert (odd.kind, odd.photos, odd.facts["label"]) == (Kind.ODD, ("sedan/7.jpg",), "sedan")
    assert 0.5 < odd.certainty < 1
    assert not skipped


def test_a_class_of_few_is_not_compared() -> None:
    photos = [*PHOTOS[:8], a_photo("van/1.jpg"), a_photo("van/2.jpg")]
    findings, skipped = find_strangers(photos, toward(*[0] * 8, 14, 15), BACKGROUND)
    assert not findings
    assert skipped == [Skipped(check=Kind.ODD, reason=Reason.FEW_IN_CLASS, classes=("van",))]


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
