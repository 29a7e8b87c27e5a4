from __future__ import annotations

import numpy as np
import pytest

from kuzov.model.atlas import Atlas
from kuzov.model.familiarity import Discriminants

ATLAS = Atlas(
    models=("a", "b", "c"),
    discriminants=Discriminants(centre=np.zeros(4, np.float32), axes=np.eye(4, dtype=np.float32)),
    prototypes=np.eye(4, 3, dtype=np.float32),
    scale=20.0,
    stranger=10.0,
)


def test_what_is_near_to_a_prototype_is_most_likely_it() -> None:
    first, second = ATLAS.probabilities(np.array([[0.9, 0.05, 0, 0], [0.1, 0, 0.9, 0]], np.float32))
    assert (int(first.argmax()), int(second.argmax())) == (0, 2)
    assert min(first.max(), second.max()) > 0.5


def test_what_is_near_to_none_is_no_models() -> None:
    (found,) = ATLAS.probabilities(np.array([[0, 0, 0, 1]], np.float32))
    assert found.sum() == pytest.approx(3 / (3 + np.exp(10)))


def test_between_two_prototypes_neither_is_likely() -> None:
    (found,) = ATLAS.probabilities(np.array([[1, 1, 0, 0]], np.float32))
    assert found[0] == pytest.approx(found[1])
    assert 0.4 < found[0] < 0.5
