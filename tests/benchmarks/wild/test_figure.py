from __future__ import annotations

import numpy as np
import pytest

from benchmarks.wild.figure import area, calibration_error, mean_share, share
from kuzov.model.scores import wilson_interval

NAN = np.nan


def test_a_share_is_shown_in_percent_with_wilsons_interval() -> None:
    figure = share("right", [True, True, True, False])
    assert (figure.value, figure.photos, figure.interval) == (0.75, 4, wilson_interval(3, 4))
    assert figure.shown() == "75.0% (30.1% to 95.4%)"


def test_a_photo_counts_once_however_often_it_is_asked_about() -> None:
    figure = mean_share("right", np.array([[1, 0, NAN, NAN], [1, NAN, 0, NAN], [1, 0, 1, NAN]]))
    assert figure.value == pytest.approx((1 + 0 + 0.5) / 3)
    assert figure.photos == 3


def test_the_interval_of_many_photos_is_that_of_a_proportion() -> None:
    outcomes = (np.arange(400) % 4 > 0).astype(float)[np.newaxis]
    low, high = mean_share("right", outcomes).interval
    # 1.96 √(0.75 · 0.25 / 400) on either side.
    assert low == pytest.approx(0.7076, abs=0.004)
    assert high == pytest.approx(0.7924, abs=0.004)


def test_photos_that_are_all_stranger_have_the_whole_area() -> None:
    figure = area("AUROC", np.array([[0.1, 0.2]]), np.array([[0.3, 0.4, 0.9]]))
    assert (figure.value, figure.interval, figure.photos) == (1.0, (1.0, 1.0), 5)
    assert figure.shown() == "1.000 (1.000 to 1.000)"


def test_the_area_counts_pairs_and_halves_of_draws() -> None:
    # Of the four pairs the first draw has asked about, three are in order and one is a draw.
    known = np.array([[0.1, 0.5], [0.1, NAN]])
    strange = np.array([[0.5, 0.6], [0.0, 0.6]])
    # By pair, the mean over the draws that asked: (1 + 0) / 2, 1, 0.5, 1.
    assert area("AUROC", known, strange).value == pytest.approx((0.5 + 1 + 0.5 + 1) / 4)


def test_the_area_of_chance_lies_in_its_interval() -> None:
    rng = np.random.default_rng(0)
    low, high = area("AUROC", rng.random((1, 80)), rng.random((1, 90))).interval
    assert 0.35 < low < 0.5 < high < 0.65


def test_an_answer_that_is_as_sure_as_it_is_right_has_no_error() -> None:
    labels = np.zeros(100, np.int64)
    labels[::4] = 1
    sure = np.tile([0.75, 0.25], (2, 100, 1))
    sure[1, :50] = NAN
    figure = calibration_error("error", sure, labels)
    assert figure.value == pytest.approx(0.0, abs=0.08)
    bold = calibration_error("error", np.tile([1.0, 0.0], (1, 100, 1)), labels)
    assert bold.value == pytest.approx(0.25)
    assert bold.interval[0] < 0.25 < bold.interval[1]
