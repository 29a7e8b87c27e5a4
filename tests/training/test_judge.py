from __future__ import annotations

import numpy as np
import pytest

from kuzov.model.calibration import fit_temperature, probabilities
from kuzov.model.familiarity import make_prototypes
from kuzov.model.head import Labels, Logits, directions, fit_head
from kuzov.training import judge
from kuzov.training.judge import (
    accuracy,
    choose_regularisation,
    cross_calibrate,
    cross_validate,
    different_photos,
    fit_views,
    split_folds,
    view_prototypes,
)
from tests.training.conftest import Features, names, views_of

NOTHING = np.zeros((0, 8), np.float32)


def test_accuracy_is_the_part_that_is_right() -> None:
    assert accuracy(np.array([[1.0, 2], [3, 1], [0, 1], [5, 4]]), np.array([1, 0, 0, 0])) == 0.75


def test_folds_cover_all_rows_once_and_keep_the_classes() -> None:
    labels = np.repeat(np.arange(3), 10)
    folds = split_folds(labels, names(30), folds=5, seed=0)
    assert len(folds) == 5
    assert sorted(np.concatenate([held for _, held in folds]).tolist()) == list(range(30))
    for fit, held in folds:
        assert sorted([*fit.tolist(), *held.tolist()]) == list(range(30))
        assert np.bincount(labels[held]).tolist() == [2, 2, 2]


def test_folds_are_drawn_by_the_seed() -> None:
    labels = np.repeat(np.arange(2), 10)
    first, again, other = (
        [held.tolist() for _, held in split_folds(labels, names(20), folds=5, seed=seed)]
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_there_are_no_more_folds_than_photos_of_a_class() -> None:
    labels = np.array([0] * 10 + [1] * 3)
    assert len(split_folds(labels, names(13), folds=5, seed=0)) == 3


def test_copies_of_a_photo_share_a_fold() -> None:
    labels = np.repeat(np.arange(2), 12)
    groups = [f"{label}-{number // 3}" for label in range(2) for number in range(12)]
    for seed in range(5):
        for fit, held in split_folds(labels, groups, folds=4, seed=seed):
            assert not {groups[row] for row in fit} & {groups[row] for row in held}


def test_cross_validation_never_asks_about_a_photo_it_was_fitted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.repeat(np.arange(2), 10)
    groups = [str(number // 2) for number in range(20)]  # every photo is there twice
    features = views_of(labels)
    fitted: list[set[str]] = []
    real = judge.ask_others

    def ask(shown: Features, labels: Labels, known: Labels, others: Labels, strength: float) -> Logits:
        fitted.append({groups[row] for row in known})
        assert not fitted[-1] & {groups[row] for row in others}
        return real(shown, labels, known, others, strength)

    monkeypatch.setattr(judge, "ask_others", ask)
    cross_validate(features, labels, groups, inverse_regularisation=1.0, folds=5, seed=0)
    held = [set(groups) - seen for seen in fitted]
    assert [len(each) for each in fitted] == [8] * 5
    assert set().union(*held) == set(groups)
    assert sum(map(len, held)) == len(set(groups))


def test_a_head_that_is_asked_about_others_knows_nothing_of_them() -> None:
    labels = np.repeat(np.arange(2), 6)
    shown = directions(views_of(labels))
    known, others = np.arange(0, 12, 2), np.arange(1, 12, 2)
    found = judge.ask_others(shown, labels, known, others, 1.0)
    changed = shown.copy()
    changed[others, 1:] = 0
    np.testing.assert_array_equal(judge.ask_others(changed, labels, known, others, 1.0), found)


def test_labels_without_meaning_are_not_learned() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(2), 100)
    features = rng.normal(size=(200, 1, 8)).astype(np.float32)
    twice, twofold = np.concatenate([features, features]), np.concatenate([labels, labels])
    found = cross_validate(twice, twofold, names(200) * 2, inverse_regularisation=100.0, folds=5, seed=0)
    assert np.mean(found.accuracies) < 0.65  # with copies on both sides it would come close to 1


def test_out_of_fold_logits_are_those_of_the_first_view() -> None:
    labels = np.repeat(np.arange(3), 8)
    features = views_of(labels)
    found = cross_validate(features, labels, names(24), inverse_regularisation=10.0, folds=4, seed=0)
    assert found.logits.shape == (24, 3)
    assert len(found.accuracies) == 4
    assert np.mean(found.accuracies) == accuracy(found.logits, labels) == 1.0
    fit, held = split_folds(labels, names(24), folds=4, seed=0)[0]
    head = fit_views(features[fit], labels[fit], classes=3, inverse_regularisation=10.0)
    np.testing.assert_array_equal(found.logits[held], head.logits(features[held, 0]))


def test_head_and_prototypes_are_made_of_every_view() -> None:
    labels = np.repeat(np.arange(2), 4)
    features, background = views_of(labels, views=3), np.eye(2, 8, dtype=np.float32)
    rows, repeated = features.reshape(24, 8), np.repeat(labels, 3)
    head = fit_views(features, labels, classes=2, inverse_regularisation=1.0)
    flat = fit_head(rows, repeated, classes=2, inverse_regularisation=1.0)
    np.testing.assert_array_equal(head.weights, flat.weights)
    found = view_prototypes(features, labels, classes=2, background=background)
    expected = make_prototypes(rows, repeated, classes=2, background=background)
    np.testing.assert_array_equal(found.classes, expected.classes)
    np.testing.assert_array_equal(found.background, expected.background)


def test_the_regularisation_with_the_truest_probabilities_is_taken() -> None:
    labels = np.repeat(np.arange(3), 12)
    features = views_of(labels, noise=0.5)
    candidates = (0.01, 1.0, 100.0)
    choice = choose_regularisation(features, labels, names(36), candidates=candidates, folds=4, seed=0)
    best = int(np.argmin(choice.log_losses))
    assert choice.inverse_regularisation == candidates[best]
    assert len(choice.accuracies) == len(choice.log_losses) == 3
    again = cross_validate(
        features, labels, names(36), inverse_regularisation=candidates[best], folds=4, seed=0
    )
    np.testing.assert_array_equal(choice.out_of_fold.logits, again.logits)
    assert choice.accuracies[best] == pytest.approx(np.mean(again.accuracies))


@pytest.mark.parametrize("classes", [2, 3])
def test_a_class_of_two_photos_and_a_copy_is_on_both_sides_of_every_fold(classes: int) -> None:
    labels = np.array([0, 0, 0, *np.repeat(np.arange(1, classes), 6)])
    groups = ["copied", "copied", "other", *names(len(labels) - 3)]
    assert different_photos(labels, groups) == [2, *[6] * (classes - 1)]
    for fit, held in split_folds(labels, groups, folds=5, seed=0):
        assert set(labels[fit]) == set(labels[held]) == set(range(classes))
    found = cross_validate(views_of(labels), labels, groups, inverse_regularisation=1.0, folds=5, seed=0)
    assert len(found.accuracies) == 2
    assert (found.logits > -20).all()


def test_a_photo_is_judged_by_a_temperature_that_does_not_know_it() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 40)
    logits = 4 * rng.normal(size=(40, 3)) + 3 * np.eye(3)[labels]
    groups = [str(number // 2) for number in range(40)]  # every photo is there twice
    found = cross_calibrate(logits, labels, groups, folds=5)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    for row in range(40):
        changed = labels.copy()
        changed[row // 2 * 2 : row // 2 * 2 + 2] = 2 - changed[row]
        again = cross_calibrate(logits, changed, groups, folds=5)
        np.testing.assert_array_equal(again[row], found[row])
    assert (found != probabilities(logits, fit_temperature(logits, labels))).any(axis=1).all()


def test_a_lone_picture_is_judged_undivided() -> None:
    logits, labels = np.array([[1.0, 0], [2.0, 0]]), np.array([0, 0])
    found = cross_calibrate(logits, labels, ["a", "a"], folds=5)
    np.testing.assert_array_equal(found, probabilities(logits, 1.0))
