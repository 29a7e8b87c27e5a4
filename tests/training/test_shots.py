from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kuzov.data.dataset import Dataset, Photo
from kuzov.errors import ConfigError, DatasetError
from kuzov.training import shots as module
from kuzov.training.judge import accuracy, fit_views
from kuzov.training.shots import draw_shots, judge_shots, learning_curve, require_shots
from tests.training.conftest import names, views_of

# Two classes; of class 0 there are three different photos, one of them three times.
LABELS = np.array([0, 0, 1, 1, 1, 0, 0, 1, 0])
GROUPS = ["a", "b", "c", "d", "e", "a", "f", "g", "a"]


def photos(label: str, groups: str) -> tuple[Photo, ...]:
    return tuple(
        Photo(Path(f"{label}/{number}.jpg"), label, str(number), each) for number, each in enumerate(groups)
    )


def dataset() -> Dataset:
    """Of the sedan there are three different photos, of the suv four."""
    return Dataset(
        root=Path("cars"),
        classes=("sedan", "suv"),
        train=photos("sedan", "aab") + photos("suv", "def"),
        validation=photos("sedan", "bc") + photos("suv", "g"),
        rejected=(),
    )


def test_a_draw_has_as_many_photos_of_each_class_and_all_others_once() -> None:
    for draw in draw_shots(LABELS, GROUPS, shots=2, draws=20, seed=0):
        assert np.bincount(LABELS[draw.known]).tolist() == [2, 2]
        assert np.bincount(LABELS[draw.others]).tolist() == [1, 2]
        drawn = [GROUPS[row] for row in (*draw.known, *draw.others)]
        assert sorted(drawn) == sorted(set(GROUPS))  # so no copy of a photo is on the other side
        for side in (draw.known, draw.others):
            assert side.tolist() == sorted(side, key=lambda row: (LABELS[row], row))


def known(draws: int, shots: int, seed: int) -> list[Sequence[int]]:
    labels = np.repeat(np.arange(2), 10)
    found = draw_shots(labels, names(20), shots=shots, draws=draws, seed=seed)
    return [draw.known.tolist() for draw in found]


def test_draws_follow_the_seed_and_more_shots_are_the_fewer_and_others() -> None:
    first = known(5, 3, seed=1)
    assert first == known(5, 3, seed=1)
    assert first != known(5, 3, seed=2)
    assert len({tuple(rows) for rows in first}) == 5
    assert first[:2] == known(2, 3, seed=1)
    for few, more in zip(first, known(5, 6, seed=1), strict=True):
        assert set(few) < set(more)
    assert set().union(*known(20, 3, seed=0)) == set(range(20))  # every photo has its turn


@pytest.mark.parametrize("shots", [0, 3])
def test_a_photo_of_each_class_must_be_left(shots: int) -> None:
    with pytest.raises(ValueError, match=f"^{shots} photos of a class that has 3$"):
        draw_shots(LABELS, GROUPS, shots=shots, draws=1, seed=0)


def test_shots_must_leave_a_photo_of_each_class() -> None:
    require_shots(dataset(), 1)
    require_shots(dataset(), 2)
    with pytest.raises(DatasetError) as caught:
        require_shots(dataset(), 3)
    assert str(caught.value) == (
        "With 3 photos of each class to learn from, cars has no different photo left to test on of: "
        "sedan (3). Give fewer shots or add photos."
    )
    with pytest.raises(DatasetError, match=r"left to test on of: sedan \(3\), suv \(4\)\."):
        require_shots(dataset(), 100)
    with pytest.raises(ConfigError, match=r"^shots is 0; it must be 1 or more photos of each class\.$"):
        require_shots(dataset(), 0)


def test_a_draw_is_judged_by_first_views_of_the_others_alone() -> None:
    labels = np.repeat(np.arange(3), 8)
    features = views_of(labels, noise=0.5)
    draws = draw_shots(labels, names(24), shots=2, draws=3, seed=0)
    found = judge_shots(features, labels, draws, inverse_regularisation=10.0)
    for draw, told in zip(draws, found, strict=True):
        head = fit_views(features[draw.known], labels[draw.known], classes=3, inverse_regularisation=10.0)
        assert told == accuracy(head.logits(features[draw.others, 0]), labels[draw.others])


def test_labels_without_meaning_are_not_learned_from_copies() -> None:
    labels = np.repeat(np.arange(2), 50)
    features = np.random.default_rng(0).normal(size=(100, 1, 16)).astype(np.float32)
    twice, twofold, groups = np.concatenate([features] * 2), np.tile(labels, 2), names(100) * 2
    draws = draw_shots(twofold, groups, shots=25, draws=10, seed=0)
    found = judge_shots(twice, twofold, draws, inverse_regularisation=100.0)
    assert np.mean(found) < 0.6  # with a copy on the other side it would be 0.75


def test_the_curve_climbs_as_far_as_the_smallest_class_allows() -> None:
    labels = np.array([0] * 11 + [1] * 30 + [2] * 30)
    curve = learning_curve(
        views_of(labels, noise=0.5), labels, names(71), inverse_regularisation=10.0, seed=0
    )
    assert curve.shots == (1, 2, 3, 5, 10)
    assert curve.draws == 5
    assert len(curve.mean) == len(curve.std) == 5
    assert curve.mean[0] < curve.mean[-1]


def test_the_curve_is_of_the_same_draws_as_shots() -> None:
    labels = np.repeat(np.arange(2), 6)
    features = views_of(labels, noise=0.5)
    curve = learning_curve(features, labels, names(12), inverse_regularisation=3.0, seed=7)
    draws = draw_shots(labels, names(12), shots=2, draws=curve.draws, seed=7)
    found = judge_shots(features, labels, draws, inverse_regularisation=3.0)
    assert curve.mean[1] == np.mean(found)
    assert curve.std[1] == np.std(found)


def test_a_large_set_gets_fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CURVE_PRODUCTS", 1)
    labels = np.repeat(np.arange(2), 3)
    assert (
        learning_curve(
            views_of(labels, noise=0.5), labels, names(6), inverse_regularisation=1.0, seed=0
        ).draws
        == 3
    )


def test_single_photos_make_no_curve() -> None:
    labels = np.array([0, 0, 1, 1])
    curve = learning_curve(
        views_of(labels, noise=0.5), labels, ["a", "b", "c", "c"], inverse_regularisation=1.0, seed=0
    )
    assert curve.shots == curve.mean == curve.std == ()
