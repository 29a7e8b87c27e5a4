from __future__ import annotations

import numpy as np

from kuzov.model.calibrator import UNKNOWN_THRESHOLD, Calibrator
from kuzov.model.classifier import Classifier
from kuzov.model.familiarity import Prototypes
from kuzov.model.head import Features, Head

# The features' square roots, of length 1, are (0.6, 0.8, 0), (1, 0, 0) and (0, 0, 1).
FEATURES: Features = np.array([[9, 16, 0], [4, 0, 0], [0, 0, 1]], np.float32)


def classifier_of(background: Features) -> Classifier:
    """Two classes of three features: the first of them is the first class, the second the second."""
    return Classifier(
        head=Head(
            weights=np.array([[4, 0], [0, 4], [0, 0]], np.float32), bias=np.array([0, 0.8], np.float32)
        ),
        temperature=2.0,
        prototypes=Prototypes(classes=np.eye(3, 2, dtype=np.float32), background=background),
        calibrator=Calibrator(weights=np.array([-10.0, 0, 10]), bias=5.0),
    )


CLASSIFIER = classifier_of(np.zeros((3, 0), np.float32))


def test_probabilities_are_those_of_the_divided_logits() -> None:
    odds = np.exp((np.array([3.2, 0, 0]) + 0.8 - [2.4, 4, 0]) / 2)  # of the second class against the first
    np.testing.assert_allclose(CLASSIFIER.probabilities(FEATURES)[:, 1], odds / (1 + odds), rtol=1e-6)
    np.testing.assert_allclose(CLASSIFIER.probabilities(FEATURES).sum(axis=1), 1)


def test_unknown_falls_with_the_nearness_to_a_class() -> None:
    expected = 1 / (1 + np.exp((np.array([0.8, 1, 0]) - 0.5) / 0.1))
    np.testing.assert_allclose(CLASSIFIER.unknown(FEATURES), expected, rtol=1e-5)
    assert (CLASSIFIER.unknown(FEATURES) > UNKNOWN_THRESHOLD).tolist() == [False, False, True]


def test_a_background_makes_what_is_near_to_it_unknown() -> None:
    against = classifier_of(np.array([[0.6], [0.8], [0.0]], np.float32))  # the first photo's very direction
    assert CLASSIFIER.unknown(FEATURES)[0] < 0.1
    assert against.unknown(FEATURES)[0] > 0.9
    np.testing.assert_array_equal(against.probabilities(FEATURES), CLASSIFIER.probabilities(FEATURES))
