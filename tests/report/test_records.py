from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kuzov.report.records import LearningCurve, RunMetrics


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


def test_mistakes_are_the_surest_first_and_right_answers_the_least_sure(
    metrics: dict[str, Any], read: Callable[[object], RunMetrics]
) -> None:
    metrics["photos"][0] |= {"predicted": "qashqai", "probability": 0.9}
    metrics["photos"][1]["probability"] = 0.5
    run = read(metrics)
    assert [each.probability for each in run.mistakes] == [0.9, 0.6125]
    assert [each.probability for each in run.least_certain[:2]] == [0.5, 0.99]
    assert len(run.mistakes) + len(run.least_certain) == 9
    assert [each.photo for each in run.unknown_photos] == ["validation/vaz_2110/2.jpeg"]
