from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from kuzov.model.calibration import MAX_TEMPERATURE, fit_temperature, log_loss, probabilities
from kuzov.model.head import Labels, Logits
from kuzov.model.scores import expected_calibration_error


def calibrated(count: int = 20_000, classes: int = 4, seed: int = 0) -> tuple[Logits, Labels]:
    """Logits whose softmax is the true chance of each class."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (count, classes))
    chances = softmax(logits, axis=1).cumsum(axis=1)
    labels = (rng.uniform(size=(count, 1)) > chances).sum(axis=1).clip(max=classes - 1)
    return logits, labels.astype(np.int64)


@pytest.mark.parametrize("scale", [0.2, 1.0, 5.0])
def test_the_temperature_recovers_a_known_scaling(scale: float) -> None:
    logits, labels = calibrated()
    found = fit_temperature(logits * scale, labels)
    assert found == pytest.approx(scale, rel=0.05)
    before = expected_calibration_error(probabilities(logits * scale, 1.0), labels)
    after = expected_calibration_error(probabilities(logits * scale, found), labels)
    assert after < 0.01
    if scale != 1.0:
        assert before > 5 * after


def test_a_few_photos_that_are_all_right_leave_one_photo_of_doubt_and_all_wrong_the_most() -> None:
    logits, labels = np.eye(3).repeat(4, axis=0), np.arange(3).repeat(4)
    found = probabilities(logits, fit_temperature(logits, labels))
    np.testing.assert_allclose(found.max(axis=1), 1 - 1 / (12 + 2), rtol=1e-4)
    assert fit_temperature(logits, (labels + 1) % 3) == pytest.approx(MAX_TEMPERATURE, rel=1e-3)


def test_probabilities_are_the_softmax_of_the_divided_logits() -> None:
    found = probabilities(np.array([[2 * np.log(3), 0.0]]), 2.0)
    np.testing.assert_allclose(found, [[0.75, 0.25]])


def test_log_loss_by_hand() -> None:
    logits = np.log(np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]))
    assert log_loss(logits, np.array([1, 1])) == pytest.approx(-(np.log(0.25) + np.log(0.8)) / 2)
