from __future__ import annotations

import numpy as np
import pytest
from safetensors import safe_open

from kuzov.model.backbones import BACKBONES
from kuzov.model.calibrator import SHIPPED, Calibrator, calibrator_for
from kuzov.model.weight_files import WEIGHTS

SURE, DOUBTFUL, STRANGE = [0.75, 0.5, 0.2], [0.45, 0.2, 0.45], [0.2, 0.05, 0.6]


def test_unknown_is_a_logistic_curve_over_what_is_measured() -> None:
    calibrator = Calibrator(weights=np.array([-2.0, -1, 3]), bias=0.5)
    found = calibrator.unknown(np.array([[0.5, 0.1, 0.2], [0, 0, 0]]))
    np.testing.assert_allclose(found, 1 / (1 + np.exp([0.0, -0.5])))


@pytest.mark.parametrize("plain", [False, True])
def test_what_was_learned_doubts_more_what_is_less_near(plain: bool) -> None:
    calibrator = calibrator_for(photos=10, classes=5, plain=plain)
    unknown = calibrator.unknown(np.array([SURE, DOUBTFUL, STRANGE]))
    assert (np.diff(unknown) > 0).all()


def test_without_discriminants_the_background_does_not_count() -> None:
    weights = calibrator_for(photos=10, classes=5, plain=True).weights
    assert weights[2] == 0
    assert weights[0] < 0


def test_of_many_photos_more_nearness_is_asked() -> None:
    """Prototypes of a single photo are far from every other."""
    measures = np.array([DOUBTFUL])
    few, many = (calibrator_for(photos=count, classes=5, plain=False) for count in (1, 30))
    assert few.unknown(measures) < many.unknown(measures)


def test_it_was_learned_with_the_weights_that_are_shipped() -> None:
    """After other weights: python -m recipes.calibrator, as recipes/calibrator/README.md says."""
    (backbone,) = (each for each in BACKBONES.values() if each.calibrator == SHIPPED)
    made_for = {"backbone": backbone.fingerprint(), "form": backbone.frozen().form()}
    with safe_open(WEIGHTS / SHIPPED, "numpy") as shipped:
        assert shipped.metadata() == made_for
