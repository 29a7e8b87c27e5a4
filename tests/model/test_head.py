from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from kuzov.model.head import ABSENT_CLASS_LOGIT, Head, directions, fit_head, normalise


def features_of(
    labels: list[int], *, width: int = 6, least: float = 0.0
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Features around one random direction a class; the larger the least one, the more alike the classes."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(least, 1, (max(labels) + 1, width))
    rows = centres[labels] + 0.1 * (1 - least) * rng.normal(size=(len(labels), width))
    return rows.astype(np.float32), np.array(labels, np.int64)


def test_rows_are_scaled_to_length_one_and_zeros_stay() -> None:
    rows = normalise(np.array([[3, 4], [0, 0], [-2, 0]], np.float32))
    np.testing.assert_allclose(rows, np.array([[0.6, 0.8], [0, 0], [-1, 0]]), rtol=1e-6)
    assert rows.dtype == np.float32


def test_directions_are_square_roots_of_length_one() -> None:
    found = directions(np.array([[9, 16], [0, 0], [-1, 4]], np.float32))
    np.testing.assert_allclose(found, np.array([[0.6, 0.8], [0, 0], [0, 1]]), rtol=1e-6)
    assert found.dtype == np.float32


def test_logits_do_not_depend_on_the_length_of_the_features() -> None:
    head = Head(weights=np.array([[1, 0], [0, 2]], np.float32), bias=np.array([0, 1], np.float32))
    features = np.array([[9, 16]], np.float32)
    np.testing.assert_allclose(head.logits(features), [[0.6, 2.6]], rtol=1e-6)
    np.testing.assert_allclose(head.logits(100 * features), head.logits(features), rtol=1e-6)
    assert head.logits(features).dtype == np.float64


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("inverse_regularisation", [1.0, 30.0])
def test_the_gradient_of_the_penalised_loss_vanishes(classes: int, inverse_regularisation: float) -> None:
    features, labels = features_of([each for each in range(classes) for _ in range(6)])
    head = fit_head(features, labels, classes=classes, inverse_regularisation=inverse_regularisation)
    rows = directions(features).astype(np.float64)
    errors = softmax(head.logits(features), axis=1) - np.eye(classes)[labels]  # (N, C)
    gradient = inverse_regularisation * rows.T @ errors + head.weights
    scale = inverse_regularisation * len(labels)
    assert np.abs(gradient).max() / scale < 2e-3
    assert np.abs(errors.sum(axis=0)).max() / len(labels) < 2e-3
    zeros = inverse_regularisation * rows.T @ (1 / classes - np.eye(classes)[labels])
    assert np.abs(gradient).max() < np.abs(zeros).max() / 50


def test_many_classes_that_are_nearly_alike_are_learned() -> None:
    # The loss starts with a slope of 0.0007 at most: the solver, told to stop at 0.001, would not start.
    features, labels = features_of([*range(40)] * 3, width=64, least=0.5)
    head = fit_head(features, labels, classes=40, inverse_regularisation=10.0)
    assert (head.logits(features).argmax(axis=1) == labels).all()


@pytest.mark.parametrize("inverse_regularisation", [0.1, 1.0, 100.0])
def test_a_head_is_that_of_scikit_learn(inverse_regularisation: float) -> None:
    features, labels = features_of([*range(5)] * 8, width=64, least=0.5)
    head = fit_head(features, labels, classes=5, inverse_regularisation=inverse_regularisation)
    theirs = LogisticRegression(C=inverse_regularisation, max_iter=1000, tol=1e-8)
    theirs.fit(directions(features).astype(np.float64), labels)
    expected = theirs.decision_function(directions(features).astype(np.float64))
    np.testing.assert_allclose(softmax(head.logits(features), axis=1), softmax(expected, axis=1), atol=3e-3)


def test_two_classes_get_two_opposite_columns() -> None:
    features, labels = features_of([0, 1] * 8)
    head = fit_head(features, labels, classes=2, inverse_regularisation=10.0)
    np.testing.assert_allclose(head.weights[:, 0], -head.weights[:, 1], rtol=1e-4)
    np.testing.assert_allclose(head.bias[0], -head.bias[1], rtol=1e-4)
    assert (head.logits(features).argmax(axis=1) == labels).all()


def test_separated_classes_are_learned_again_and_in_another_order() -> None:
    features, labels = features_of([0, 1, 2] * 8)
    head, again, turned = (
        fit_head(features, each, classes=3, inverse_regularisation=10.0)
        for each in (labels, labels, 2 - labels)
    )
    assert (head.logits(features).argmax(axis=1) == labels).all()
    assert {str(head.weights.dtype), str(head.bias.dtype)} == {"float32"}
    assert (head.weights.shape, head.bias.shape) == ((6, 3), (3,))
    np.testing.assert_array_equal(head.weights, again.weights)
    np.testing.assert_array_equal(head.bias, again.bias)
    np.testing.assert_allclose(turned.logits(features)[:, ::-1], head.logits(features), atol=0.05)
    np.testing.assert_allclose(head.divided(4.0).logits(features), head.logits(features) / 4, rtol=1e-5)


@pytest.mark.parametrize("present", [(0, 2), (0, 2, 3), (1, 2)])
def test_an_absent_class_is_never_answered(present: tuple[int, ...]) -> None:
    features, labels = features_of([each for each in present for _ in range(6)])
    head = fit_head(features, labels, classes=4, inverse_regularisation=10.0)
    anything = np.random.default_rng(1).normal(size=(200, 6)).astype(np.float32)
    logits = head.logits(anything)
    assert set(logits.argmax(axis=1)) <= set(present)
    absent = sorted(set(range(4)) - set(present))
    assert softmax(logits, axis=1)[:, absent].max() < 1e-6
    assert (head.weights[:, absent] == 0).all()
    np.testing.assert_allclose(
        head.bias[absent], head.bias[list(present)].min() + ABSENT_CLASS_LOGIT, rtol=1e-6
    )
