from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kuzov.config import FineTuneConfig, TrainConfig
from kuzov.data.dataset import load_dataset
from kuzov.data.synthetic import render_cars
from kuzov.errors import DatasetError
from kuzov.images.framing import Pixels
from kuzov.model.backbones import Backbone
from kuzov.model.calibration import fit_temperature
from kuzov.model.calibrator import Calibrator, calibrator_for
from kuzov.model.classifier import Classifier
from kuzov.model.familiarity import Discriminants, Prototypes
from kuzov.model.frozen import FrozenNetwork
from kuzov.model.head import Features, Head
from kuzov.network import Network, NetworkSettings
from kuzov.progress import silent
from kuzov.training import second_stage as module
from kuzov.training.candidate import Candidate, Unseen, first_stage
from kuzov.training.fine_tune import fine_tune
from kuzov.training.judge import Choice, fit_views, split_folds, view_prototypes
from kuzov.training.learning_set import LearningSet, embed_dataset
from kuzov.training.second_stage import second_stage
from kuzov.words import Words
from tests.errors import raises

CONFIG = TrainConfig(fine_tune=FineTuneConfig(layers=4, epochs=2, batch_size=4, learning_rate=0.001))


@pytest.fixture(scope="module")
def data(tiny: Backbone, tmp_path_factory: pytest.TempPathFactory) -> LearningSet:
    folder = render_cars(tmp_path_factory.mktemp("cars"), classes=2, train=6, validation=2)
    return read(folder, tiny)


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Two classes: of the sedan one photo to learn from, and a copy of it."""
    folder = render_cars(tmp_path / "cars", classes=2, train=3, validation=2)
    for number in (2, 3):
        (folder / "train" / "sedan" / f"{number}.jpg").unlink()
    shutil.copy(folder / "train" / "sedan" / "1.jpg", folder / "train" / "sedan" / "copy.jpg")
    return folder


def read(folder: Path, tiny: Backbone) -> LearningSet:
    dataset = load_dataset(folder, validation_fraction=0.25, seed=0, allow_leaks=True)
    return embed_dataset(dataset, tiny, CONFIG, folder.parent / "cache", progress=silent)


def with_logits(logits: list[list[float]], temperature: float = 1.0) -> Candidate:
    """Says this of two validation photos."""
    return Candidate(
        kept="head",
        network=FrozenNetwork(saved_model=b"", features=None),
        classifier=Classifier(
            head=Head(weights=np.array(logits, np.float32), bias=np.zeros(2, np.float32)),
            temperature=temperature,
            prototypes=Prototypes(
                classes=np.eye(2, dtype=np.float32), background=np.zeros((2, 0), np.float32)
            ),
            calibrator=Calibrator(weights=np.zeros(3), bias=0.0),
        ),
        unseen=Unseen(logits=np.zeros((1, 2)), labels=np.zeros(1, np.int64), groups=["0"]),
        validation_features=np.eye(2, dtype=np.float32),
    )


def both_stages(
    data: LearningSet, backbone: Backbone, workspace: Path
) -> tuple[Candidate, Choice, Candidate, Mapping[str, Sequence[float]]]:
    first, choice = first_stage(data, backbone, CONFIG)
    tuned, history = second_stage(
        data,
        first,
        backbone,
        CONFIG,
        inverse_regularisation=choice.inverse_regularisation,
        workspace=workspace,
        logs=None,
        progress=silent,
    )
    return first, choice, tuned, history


def embed(network: FrozenNetwork, frames: Pixels) -> Features:
    settings = NetworkSettings(precision="f32", rows_apart=True)
    found: Features = Network(network.features, settings)({"image": frames.astype(np.float32)})["features"]
    return found


LABELS = np.array([0, 1])


def assert_same(found: Calibrator, expected: Calibrator) -> None:
    np.testing.assert_array_equal(found.weights, expected.weights)
    assert found.bias == expected.bias


@pytest.mark.parametrize(
    ("left", "right", "better"),
    [
        (with_logits([[1, 0], [0, 1]]), with_logits([[9, 0], [1, 0]]), True),  # more are right
        (with_logits([[9, 0], [1, 0]]), with_logits([[1, 0], [0, 1]]), False),
        (with_logits([[2, 0], [0, 2]]), with_logits([[1, 0], [0, 1]]), True),  # as many, but surer
        (with_logits([[2, 0], [0, 2]], 4.0), with_logits([[1, 0], [0, 1]]), False),  # by the calibrated ones
        (with_logits([[1, 0], [0, 1]]), with_logits([[1, 0], [0, 1]]), False),  # the first is kept
    ],
)
def test_more_right_photos_or_truer_probabilities_are_better(
    left: Candidate, right: Candidate, better: bool
) -> None:
    assert left.is_better_than(right, LABELS) is better


def test_the_first_stage_is_fitted_on_the_training_photos_alone(data: LearningSet, tiny: Backbone) -> None:
    candidate, choice = first_stage(data, tiny, CONFIG)
    features, labels = data.features[:12], data.labels[:12]
    head = fit_views(features, labels, classes=2, inverse_regularisation=choice.inverse_regularisation)
    prototypes = view_prototypes(features, labels, classes=2, background=tiny.background())
    np.testing.assert_array_equal(candidate.classifier.head.weights, head.weights)
    np.testing.assert_array_equal(candidate.classifier.prototypes.classes, prototypes.classes)
    np.testing.assert_array_equal(candidate.validation_features, data.features[12:, 0])
    np.testing.assert_array_equal(candidate.validation_logits, head.logits(data.features[12:, 0]))
    assert candidate.kept == "head"
    assert len(choice.accuracies) == len(CONFIG.head.inverse_regularisation)
    found = embed(candidate.network, data.frames(slice(0, 1), 32))
    np.testing.assert_allclose(found, data.features[:1, 0], atol=1e-4)
    # The temperature is learned out of fold, the calibrator was learned before.
    assert candidate.unseen.labels.tolist() == labels.tolist()
    np.testing.assert_array_equal(candidate.unseen.logits, choice.out_of_fold.logits)
    assert candidate.classifier.temperature == fit_temperature(choice.out_of_fold.logits, labels)
    assert_same(candidate.classifier.calibrator, calibrator_for(photos=6, classes=2, plain=True))


def test_the_first_stage_does_not_see_the_validation_photos(data: LearningSet, tiny: Backbone) -> None:
    changed = data.features.copy()
    changed[12:] = changed[12:][:, :, ::-1]
    other = replace(data, features=changed)
    first, second = first_stage(data, tiny, CONFIG)[0], first_stage(other, tiny, CONFIG)[0]
    assert first.classifier.temperature == second.classifier.temperature
    assert_same(first.classifier.calibrator, second.classifier.calibrator)
    np.testing.assert_array_equal(first.classifier.head.weights, second.classifier.head.weights)
    np.testing.assert_array_equal(first.classifier.prototypes.classes, second.classifier.prototypes.classes)
    assert (first.validation_logits != second.validation_logits).any()


def test_the_backbones_own_car_models_are_the_background(
    data: LearningSet, tiny: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = np.eye(5, 48, dtype=np.float32)
    axes = Discriminants(centre=np.zeros(48, np.float32), axes=np.eye(48, 6, dtype=np.float32))
    monkeypatch.setattr(Backbone, "background", lambda _: models)
    monkeypatch.setattr(Backbone, "discriminants", lambda _: axes)
    classifier = first_stage(data, tiny, CONFIG)[0].classifier
    np.testing.assert_array_equal(classifier.prototypes.background, models[:, :6].T)
    assert_same(classifier.calibrator, calibrator_for(photos=6, classes=2, plain=False))


def test_with_a_single_training_photo_the_others_are_asked_too(few: Path, tiny: Backbone) -> None:
    data = read(few, tiny)
    candidate, choice = first_stage(data, tiny, CONFIG)
    assert len(choice.out_of_fold.logits) == len(data.labels) == 9
    assert len(choice.out_of_fold.accuracies) == 3
    classifier = candidate.classifier
    assert candidate.unseen.labels.tolist() == [0, 0, 1, 1]
    np.testing.assert_array_equal(candidate.unseen.logits, candidate.validation_logits)
    assert classifier.temperature == fit_temperature(candidate.validation_logits, np.array([0, 0, 1, 1]))
    assert_same(classifier.calibrator, calibrator_for(photos=2, classes=2, plain=True))  # one and three


def test_a_class_of_one_photo_on_both_sides_is_refused(few: Path, tiny: Backbone) -> None:
    for number in (1, 2):
        shutil.copy(few / "train" / "sedan" / "1.jpg", few / "validation" / "sedan" / f"{number}.jpg")
    text = Words(
        f"Cross-validation needs two or more different photos of each class in {few}; "
        "only one has: sedan. Add photos.",
        f"Перекрёстной проверке нужно по две или больше разных фотографий каждого класса в {few}; "
        "только по одной у: sedan. Добавьте фотографии.",
    )
    with raises(DatasetError, text):
        first_stage(read(few, tiny), tiny, CONFIG)


def test_fine_tuning_needs_two_training_photos(few: Path, tiny: Backbone) -> None:
    text = Words(
        f"Fine-tuning needs two or more different photos to train on of each class in {few}; "
        "only one has: sedan. Add photos.",
        f"Дообучению нужно по две или больше разных обучающих фотографий каждого класса в {few}; "
        "только по одной у: sedan. Добавьте фотографии.",
    )
    with raises(DatasetError, text):
        both_stages(read(few, tiny), tiny, few / "work")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What `fine_tune` is called with."""
    calls: list[tuple[Any, ...]] = []
    real = fine_tune

    def note(*arguments: Any, **options: Any) -> Any:
        sides = [replace(side, frames=side.frames[side.rows]) for side in arguments[2:4]]
        calls.append((*arguments[:2], *sides, *arguments[4:], options))
        return real(*arguments, **options)

    monkeypatch.setattr(module, "fine_tune", note)
    return calls


@pytest.mark.slow
def test_the_second_stage_holds_a_fold_of_the_training_photos_out(
    data: LearningSet, tiny: Backbone, tmp_path: Path, calls: list[tuple[Any, ...]]
) -> None:
    first, choice, tuned, history = both_stages(data, tiny, tmp_path)
    ((_, head, photos, held_out, config, options),) = calls
    fit, held = split_folds(data.labels[:12], data.groups[:12], folds=5, seed=0)[0]
    frames = data.frames(data.train, 32)
    for side, rows in ((photos, fit), (held_out, held)):
        np.testing.assert_array_equal(side.frames, frames[rows])
        np.testing.assert_array_equal(side.labels, data.labels[rows])
    unseen = fit_views(
        data.features[fit], data.labels[fit], classes=2, inverse_regularisation=choice.inverse_regularisation
    )
    np.testing.assert_allclose(head.weights, unseen.weights / first.classifier.temperature, rtol=1e-6)
    assert config is CONFIG
    assert options["workspace"] == tmp_path
    assert tuned.kept == "fine-tuned"
    assert {name: len(values) for name, values in history.items()} == {
        "accuracy": 2, "loss": 2, "val_accuracy": 2, "val_loss": 2
    }  # fmt: skip
    np.testing.assert_array_equal(tuned.unseen.labels, data.labels[held])
    features = embed(tuned.network, data.frames(data.validation, 32))
    np.testing.assert_allclose(tuned.classifier.head.logits(features), tuned.validation_logits, atol=1e-3)
    assert (tuned.classifier.head.weights != head.weights).any()


@pytest.mark.slow
def test_a_fine_tuned_network_has_no_background(
    data: LearningSet, tiny: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Backbone, "background", lambda _: np.eye(5, 48, dtype=np.float32))
    first, _, tuned, _ = both_stages(data, tiny, tmp_path)
    assert first.classifier.prototypes.background.shape == (48, 5)
    assert tuned.classifier.prototypes.background.shape == (48, 0)
    assert tuned.classifier.prototypes.classes.shape == (48, 2)
