"""Where a function is lowest: one of many numbers by L-BFGS, one of a single number by golden sections."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Point = npt.NDArray[np.float64]
Function = Callable[[Point], tuple[float, Point]]
"""From a point, (n,), to the value there and the slope, (n,)."""

MEMORY = 10
_LEAST_GAIN = 1e-4  # of what the slope promises
_SHORTEST_STEP = 1e-8


def minimise(function: Function, start: Point, *, tolerance: float, max_iterations: int) -> Point:
    """Go downhill until the slope is nowhere steeper than the tolerance, or nothing is gained any more.

    Nocedal and Wright, "Numerical Optimization" (2006), algorithms 7.4 and 7.5, with steps that are halved
    until they gain enough. Of a convex function that is all it takes: its slope never turns along a step.
    """
    point, (value, slope) = start, function(start)
    known: deque[tuple[Point, Point, float]] = deque(maxlen=MEMORY)
    for _ in range(max_iterations):
        if np.abs(slope).max() <= tolerance:
            break
        direction = _downhill(slope, known)
        promised, length = float(direction @ slope), 1.0
        while True:
            moved = length * direction
            new_value, new_slope = function(point + moved)
            if new_value <= value + _LEAST_GAIN * length * promised:
                break
            length /= 2
            if length < _SHORTEST_STEP:  # what is left to gain is lost in rounding
                return point
        curvature = float(moved @ (new_slope - slope))
        if curvature > 0:
            known.append((moved, new_slope - slope, curvature))
        point, value, slope = point + moved, new_value, new_slope
    return point


def _downhill(slope: Point, known: deque[tuple[Point, Point, float]]) -> Point:
    """The step to the minimum as far as the last steps tell of it; before the first, one of length 1."""
    if not known:
        return -slope / max(float(np.linalg.norm(slope)), 1e-300)
    direction, shares = -slope, []
    for moved, change, curvature in reversed(known):
        shares.append(float(moved @ direction) / curvature)
        direction = direction - shares[-1] * change
    _, change, curvature = known[-1]
    direction = direction * (curvature / float(change @ change))
    for (moved, change, curvature), share in zip(known, reversed(shares), strict=True):
        direction = direction + (share - float(change @ direction) / curvature) * moved
    return direction


def lowest(function: Callable[[float], float], low: float, high: float, *, within: float) -> float:
    """Where a function that falls, and then rises, is lowest between two numbers.

    Kiefer, "Sequential Minimax Search for a Maximum" (1953): each value tells on which side it is.
    """
    golden = (math.sqrt(5) - 1) / 2
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = function(left), function(right)
    while high - low > within:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = function(right)
    return (low + high) / 2
