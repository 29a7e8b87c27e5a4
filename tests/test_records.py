from __future__ import annotations

import pytest

from kuzov.records import Prediction


@pytest.mark.parametrize(
    ("probability", "unknown", "doubtful"),
    [
        (0.99, 0.1, False),
        (0.99, 0.25, True),  # a car like it
        (0.7, 0.05, True),  # two models alike
        (0.9, 0.6, False),  # is none of the models, which says more
    ],
)
def test_a_name_that_may_well_be_wrong_is_doubtful(
    probability: float, unknown: float, doubtful: bool
) -> None:
    answer = Prediction(
        photo="a.jpg",
        label="suv",
        probability=probability,
        probabilities={"suv": probability, "sedan": 1 - probability},
        unknown=unknown,
        is_unknown=unknown > 0.5,
        names={},
    )
    assert answer.is_doubtful is doubtful
    assert answer.to_json()["is_doubtful"] is doubtful
