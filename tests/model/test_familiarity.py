from __future__ import annotations

import numpy as np

from kuzov.model.calibrator import Array
from kuzov.model.familiarity import SOFTNESS, Discriminants, Prototypes, make_prototypes
from kuzov.model.head import Features, directions

NOTHING = np.zeros((0, 4), np.float32)


def photos(direction: list[float], count: int = 20, noise: float = 0.05) -> Features:
    rng = np.random.default_rng(0)
    return np.abs(np.array(direction) + rng.normal(0, noise, (count, 4))).astype(np.float32)


FEATURES = np.concatenate([photos([1, 0, 0, 0]), photos([0, 1, 0, 0])])
LABELS = np.repeat([0, 1], 20)


def prototypes_of(background: Features = NOTHING, classes: int = 2) -> Prototypes:
    return make_prototypes(FEATURES, LABELS, classes=classes, background=background)


def familiarity(prototypes: Prototypes, features: Features) -> Array:
    """How much nearer photos are to the nearest class than to the background."""
    nearest, _, others = prototypes.measures(features).T
    return np.asarray(nearest - others)


def test_photos_of_the_classes_are_more_familiar_than_others() -> None:
    prototypes = prototypes_of()
    known = familiarity(prototypes, photos([0, 2, 0, 0]))  # the length of the features says nothing
    strange = familiarity(prototypes, photos([0, 0, 1, 0]))
    assert known.min() > 0.8
    assert strange.max() < known.min()


def test_what_is_near_to_a_background_model_is_less_familiar() -> None:
    between = photos([1, 0, 1.2, 0])
    alone, against = prototypes_of(), prototypes_of(np.array([[0, 0, 1, 0]], np.float32))
    assert against.background.shape == (4, 1)
    gap = np.median(familiarity(alone, FEATURES)) - np.median(familiarity(alone, between))
    wider = np.median(familiarity(against, FEATURES)) - np.median(familiarity(against, between))
    assert wider > 1.5 * gap


def test_a_background_model_that_is_one_of_the_classes_is_left_out() -> None:
    background = np.array([[1, 0, 0, 0], [0, 0, 0, 1]], np.float32)
    assert prototypes_of(background).background.T.tolist() == [[0, 0, 0, 1]]


def test_a_class_without_photos_is_never_near() -> None:
    assert prototypes_of(classes=3).classes[:, 2].tolist() == [0, 0, 0, 0]


def test_measured_are_the_nearest_class_its_lead_and_the_background() -> None:
    background = np.array([[0, 0, 0.6, 0.8], [0, 0, 0.8, 0.6]], np.float32)
    prototypes = prototypes_of(background)
    features = photos([1, 0.3, 0, 0.1])
    shown = directions(features)
    first, second = np.sort(shown @ prototypes.classes, axis=1).T[::-1]
    nearest, lead, others = prototypes.measures(features).T
    np.testing.assert_allclose(nearest, first, rtol=1e-6)
    np.testing.assert_allclose(lead, first - second, rtol=1e-5)
    most = (shown @ background.T).max(axis=1)
    assert ((others >= most) & (others <= most + SOFTNESS * np.log(2) + 1e-6)).all()


def test_without_a_background_nothing_else_is_near() -> None:
    assert (prototypes_of().measures(FEATURES)[:, 2] == 0).all()


def test_axes_on_which_photos_of_a_model_differ_are_not_looked_on() -> None:
    """The third feature says how light it is, the fourth nothing."""
    centre = np.array([0.5, 0.5, 0, 0], np.float32)
    axes = Discriminants(centre=centre, axes=np.array([[1, 0], [0, 1], [0, 0], [0, 0]], np.float32))
    background = np.array([[0, 0, 0, 1]], np.float32)
    on_axes = make_prototypes(FEATURES, LABELS, classes=2, background=background, discriminants=axes)
    assert (on_axes.classes.shape, on_axes.background.shape) == ((2, 2), (2, 1))
    np.testing.assert_allclose(np.linalg.norm(on_axes.background, axis=0), 1, rtol=1e-6)
    light = photos([1, 0, 1, 0])
    assert on_axes.measures(light)[:, 0].min() > prototypes_of(background).measures(light)[:, 0].max()
