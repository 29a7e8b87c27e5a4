from __future__ import annotations

import numpy as np
import pytest

from kuzov.model.familiarity import Prototypes, fit_unknown_curve, make_prototypes
from kuzov.model.head import Features

NOTHING = np.zeros((0, 4), np.float32)


def photos(direction: list[float], count: int = 20, noise: float = 0.05) -> Features:
    rng = np.random.default_rng(0)
    return np.abs(np.array(direction) + rng.normal(0, noise, (count, 4))).astype(np.float32)


FEATURES = np.concatenate([photos([1, 0, 0, 0]), photos([0, 1, 0, 0])])
LABELS = np.repeat([0, 1], 20)


def prototypes_of(background: Features = NOTHING, classes: int = 2) -> Prototypes:
    return make_prototypes(FEATURES, LABELS, classes=classes, background=background)


def test_photos_of_the_classes_are_more_familiar_than_others() -> None:
    prototypes = prototypes_of()
    known = prototypes.familiarity(photos([0, 2, 0, 0]))  # the length of the features says nothing
    strange = prototypes.familiarity(photos([0, 0, 1, 0]))
    assert known.min() > 0.8
    assert strange.max() < known.min()


def test_what_is_near_to_a_background_model_is_less_familiar() -> None:
    between = photos([1, 0, 1.2, 0])
    alone, against = prototypes_of(), prototypes_of(np.array([[0, 0, 1, 0]], np.float32))
    assert against.background.shape == (4, 1)
    gap = np.median(alone.familiarity(FEATURES)) - np.median(alone.familiarity(between))
    wider = np.median(against.familiarity(FEATURES)) - np.median(against.familiarity(between))
    assert wider > 1.5 * gap


def test_a_background_model_that_is_one_of_the_classes_is_left_out() -> None:
    background = np.array([[1, 0, 0, 0], [0, 0, 0, 1]], np.float32)
    assert prototypes_of(background).background.T.tolist() == [[0, 0, 0, 1]]


def test_a_class_without_photos_is_never_near() -> None:
    assert prototypes_of(classes=3).classes[:, 2].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("accepted", [0.9, 0.95])
def test_the_threshold_accepts_the_part_that_was_asked_for(accepted: float) -> None:
    familiarity = np.random.default_rng(0).normal(0.4, 0.1, 2000)
    curve = fit_unknown_curve(familiarity, accepted_fraction=accepted)
    unknown = curve.unknown(familiarity)
    assert (unknown <= 0.5).mean() == pytest.approx(accepted, abs=0.001)
    assert np.median(unknown) == pytest.approx(0.05, abs=1e-6)
    assert curve.unknown(np.array([curve.threshold])) == pytest.approx(0.5)
    assert np.all(np.diff(curve.unknown(np.linspace(0, 1, 50))) < 0)


def test_photos_that_are_all_alike_give_a_curve_all_the_same() -> None:
    curve = fit_unknown_curve(np.full(5, 0.7), accepted_fraction=0.95)
    assert curve.unknown(np.array([0.4, 0.7, 1.0])) == pytest.approx([1, 0.5, 0], abs=0.01)
