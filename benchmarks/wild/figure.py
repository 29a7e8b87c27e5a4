"""A figure and how sure it is: a 95 % interval by Wilson, or by drawing the photos anew.

Photos that were asked about in several draws count once each, by their mean over the draws: draws of the
same photos say little that is new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from kuzov.model.scores import expected_calibration_error, wilson_interval

Array = npt.NDArray[np.float64]

RESAMPLES, CALIBRATION_RESAMPLES = 2000, 200
MIDDLE_95 = (0.025, 0.975)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What was measured.

    Attributes:
        what: In words.
        value: 0..1.
        interval: Where it lies in 95 of 100 cases.
        photos: How many were asked about.
        form: "share" is shown in percent, "area" as a number.
    """

    what: str
    value: float
    interval: tuple[float, float]
    photos: int
    form: Literal["share", "area"] = "share"

    def shown(self) -> str:
        """The value with its interval."""
        low, high = self.interval
        if self.form == "area":
            return f"{self.value:.3f} ({low:.3f} to {high:.3f})"
        return f"{self.value:.1%} ({low:.1%} to {high:.1%})"


def share(what: str, outcomes: npt.ArrayLike) -> Figure:
    """The part of photos for which something holds, (N,) of truth values, by Wilson's interval."""
    held = np.asarray(outcomes, bool)
    right, total = int(held.sum()), len(held)
    return Figure(what=what, value=right / total, interval=wilson_interval(right, total), photos=total)


def mean_share(what: str, outcomes: Array) -> Figure:
    """The same of several draws, (draws, N) of 0 and 1, and not a number where a draw has not asked."""
    shares = np.nanmean(_asked(outcomes), axis=0)
    means = _resamples(len(shares), np.random.default_rng(0)) @ shares
    return Figure(what=what, value=float(shares.mean()), interval=_middle(means), photos=len(shares))


def area(what: str, known: Array, strange: Array) -> Figure:
    """AUROC: the chance that a photo of none of the models is more `unknown` than one of theirs.

    Args:
        what: In words.
        known: `unknown` of photos of the models, (draws, N); not a number where a draw has not asked.
        strange: Of photos of none, (draws, M).
    """
    difference = strange[:, np.newaxis, :] - _asked(known)[:, :, np.newaxis]
    wins = np.nanmean((np.sign(difference) + 1) / 2, axis=0)
    (rows, columns), rng = wins.shape, np.random.default_rng(0)
    areas = ((_resamples(rows, rng) @ wins) * _resamples(columns, rng)).sum(axis=1)
    return Figure(
        what=what, value=float(wins.mean()), interval=_middle(areas), photos=rows + columns, form="area"
    )


def calibration_error(what: str, probabilities: Array, labels: npt.NDArray[np.int64]) -> Figure:
    """Expected calibration error of class probabilities, (draws, N, C), against the true columns, (N,).

    Drawing photos anew adds noise, which such an error counts as error: the interval lies a little high.
    """
    photos = np.flatnonzero(~np.isnan(probabilities[:, :, 0]).all(axis=0))

    def error(rows: npt.NDArray[np.int64]) -> float:
        flat = probabilities[:, rows].reshape(-1, probabilities.shape[-1])
        asked = ~np.isnan(flat[:, 0])
        return expected_calibration_error(flat[asked], np.tile(labels[rows], len(probabilities))[asked])

    rng = np.random.default_rng(0)
    errors = [error(rng.choice(photos, len(photos))) for _ in range(CALIBRATION_RESAMPLES)]
    return Figure(what=what, value=error(photos), interval=_middle(np.array(errors)), photos=len(photos))


def _asked(outcomes: Array) -> Array:
    """Without the photos that no draw has asked about."""
    return outcomes[:, ~np.isnan(outcomes).all(axis=0)]


def _resamples(count: int, rng: np.random.Generator) -> Array:
    """Weight of each photo where as many are drawn with putting back, (RESAMPLES, count); rows sum to 1."""
    return rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES) / count


def _middle(values: Array) -> tuple[float, float]:
    low, high = np.quantile(values, MIDDLE_95)
    return float(low), float(high)
