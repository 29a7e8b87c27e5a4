import math

import numpy as np
import pytest

from kuzov.model.minimise import Point, lowest, minimise


@pytest.mark.parametrize("steepness", [1.0, 1e4])
def test_a_bowl_is_gone_down_to_its_bottom(steepness: float) -> None:
    bottom, widths = np.arange(6.0), np.geomspace(1, steepness, 6)

    def bowl(point: Point) -> tuple[float, Point]:
        return float(widths @ (point - bottom) ** 2), 2 * widths * (point - bottom)

    found = minimise(bowl, np.zeros(6), tolerance=1e-9, max_iterations=300)
    np.testing.assert_allclose(found, bottom, atol=1e-6)


def test_who_stands_at_the_bottom_stays() -> None:
    start = np.ones(3)
    found = minimise(lambda point: (0.0, np.zeros(3)), start, tolerance=1e-5, max_iterations=300)
    np.testing.assert_array_equal(found, start)


def test_a_slope_that_rounding_hides_ends_the_way() -> None:
    found = minimise(lambda point: (1.0, np.ones(2)), np.zeros(2), tolerance=1e-5, max_iterations=300)
    np.testing.assert_array_equal(found, np.zeros(2))


def test_no_more_steps_are_made_than_allowed() -> None:
    asked: list[Point] = []

    def endless(point: Point) -> tuple[float, Point]:
        asked.append(point)
        return float(-point.sum()), -np.ones(2)

    minimise(endless, np.zeros(2), tolerance=1e-5, max_iterations=7)
    assert len(asked) == 8


def test_a_single_number_is_found_between_two_others() -> None:
    assert lowest(lambda x: (x - 1.5) ** 2, -3, 4, within=1e-6) == pytest.approx(1.5, abs=1e-6)
    assert lowest(math.exp, -3, 4, within=1e-6) == pytest.approx(-3, abs=1e-6)
