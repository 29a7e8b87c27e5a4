from __future__ import annotations

import pytest

from kuzov.report.records import LearningCurve


@pytest.mark.parametrize(
    ("shots", "doubling"),
    [
        ((1, 2, 3, 5, 10, 20), (4, 5)),  # from 10 to 20
        ((1, 2, 3, 5), (1, 3)),  # from 2 to 5
        ((1, 2, 3), (0, 2)),
        ((1, 2), (0, 1)),
        ((1,), None),
        ((), None),
    ],
)
def test_the_last_doubling_of_the_photos(shots: tuple[int, ...], doubling: tuple[int, int] | None) -> None:
    zeros = (0.0,) * len(shots)
    assert LearningCurve(shots=shots, mean=zeros, std=zeros, draws=10).last_doubling() == doubling
