from collections import Counter
from itertools import pairwise

import pytest

from kuzov.data.split import Split, stratified_split
from tests.errors import raises

LABELS = ["a"] * 8 + ["b"] * 12 + ["c"] * 2


def test_each_class_gives_its_part() -> None:
    split = stratified_split(LABELS, range(22), validation_fraction=0.25, seed=0)
    assert Counter(LABELS[index] for index in split.validation) == {"a": 2, "b": 3, "c": 1}
    assert sorted(split.train + split.validation) == list(range(22))
    for side in (split.train, split.validation):
        assert all(left < right for left, right in pairwise(side))


def test_the_seed_tells_the_split() -> None:
    splits = [stratified_split(LABELS, range(22), validation_fraction=0.25, seed=seed) for seed in (3, 3, 4)]
    assert splits[0] == splits[1]
    assert splits[0] != splits[2]


def test_ten_labels() -> None:
    labels = ["x"] * 5 + ["y"] * 5
    split = stratified_split(labels, range(10), validation_fraction=0.4, seed=1)
    assert split == Split(train=(1, 2, 3, 6, 7, 9), validation=(0, 4, 5, 8))


@pytest.mark.parametrize("fraction", [0.0, 0.01, 0.5, 0.99, 1.0])
def test_each_class_stands_on_both_sides_whatever_the_fraction(fraction: float) -> None:
    split = stratified_split(LABELS, range(22), validation_fraction=fraction, seed=0)
    for side in (split.train, split.validation):
        assert {LABELS[index] for index in side} == {"a", "b", "c"}


@pytest.mark.parametrize("seed", range(20))
def test_a_large_group_is_left_to_train_on_where_others_fit(seed: int) -> None:
    labels, groups = ["a"] * 8, [0, 0, 0, 0, 0, 1, 2, 3]
    split = stratified_split(labels, groups, validation_fraction=0.25, seed=seed)
    assert len(split.validation) == 2
    assert set(split.train) >= {0, 1, 2, 3, 4}


@pytest.mark.parametrize("seed", range(20))
def test_equal_photos_stay_together(seed: int) -> None:
    labels = ["a"] * 9 + ["b"] * 6
    groups = ["1", "1", "1", "2", "2", "3", "4", "5", "6", "7", "7", "7", "8", "8", "8"]
    split = stratified_split(labels, groups, validation_fraction=0.3, seed=seed)
    assert not {groups[index] for index in split.train} & {groups[index] for index in split.validation}
    for side in (split.train, split.validation):
        assert {labels[index] for index in side} == {"a", "b"}


@pytest.mark.parametrize(
    ("groups", "text"),
    [
        ([1, 1, 2, 3], "class 'a' has fewer than two different photos"),
        ([1, 2, 1, 3], "group 1 lies in the classes 'a' and 'b'"),
    ],
)
def test_groups_that_can_not_be_split_are_refused(groups: list[int], text: str) -> None:
    with raises(ValueError, text):
        stratified_split(["a", "a", "b", "b"], groups, validation_fraction=0.5, seed=0)
