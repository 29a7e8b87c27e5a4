from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from PIL import Image

from kuzov.model.familiarity import Discriminants
from kuzov.model.head import Features, directions, normalise
from kuzov.records import Car
from recipes.calibrator.folders import Asked, line, make_up_folders
from recipes.calibrator.learn import calibration_error, find_discriminants, judge, learn
from recipes.calibrator.photos import TAUGHT_VIEWS, WORSE_VIEWS, Source, all_views

WIDTH, VIEWS = 24, TAUGHT_VIEWS + WORSE_VIEWS


def source(models: int, photos: int, seed: int, name: str) -> Source:
    """Each model has features of its own; the last six are of how a photo was taken, and loud."""
    rng = np.random.default_rng(seed)
    centres = np.repeat(rng.gamma(1.0, 1.0, (models, WIDTH)), photos, axis=0)[:, np.newaxis]
    noise = rng.gamma(1.0, 0.15, (models * photos, VIEWS, WIDTH))
    noise[..., -6:] *= 20
    return Source(
        features=(centres + noise).astype(np.float32),
        models=np.repeat([f"{name}{number} x" for number in range(models)], photos),
    )


@pytest.fixture(scope="module")
def sources() -> Mapping[str, Source]:
    return {
        "seller": source(6, 12, 0, "a"),
        "stanford": source(12, 6, 1, "b"),
        "streets": source(9, 2, 2, "c"),
        "no car": source(9, 2, 3, "d"),
    }


@pytest.fixture(scope="module")
def background(sources: Mapping[str, Source]) -> Features:
    shown = directions(sources["stanford"].features[:, 0])
    return normalise(shown.reshape(12, 6, WIDTH).mean(axis=1))


@pytest.fixture(scope="module")
def axes(sources: Mapping[str, Source], background: Features) -> Discriminants:
    return find_discriminants(sources["stanford"], background)


def folders(
    sources: Mapping[str, Source], background: Features, axes: Discriminants | None, seed: int = 0
) -> Asked:
    return make_up_folders(sources, ["seller", "stanford"], background, axes, count=40, seed=seed)


def test_the_discriminants_do_not_look_where_photos_of_a_model_differ(axes: Discriminants) -> None:
    lengths = np.linalg.norm(axes.axes, axis=1)
    assert lengths[-6:].max() < lengths[:-6].mean()


def test_both_kinds_of_photos_count_alike_in_each_folder(
    sources: Mapping[str, Source], background: Features, axes: Discriminants
) -> None:
    asked = folders(sources, background, axes)
    assert asked.inputs.shape == (len(asked.strange), 6)
    for strange in (True, False):
        assert asked.weights[asked.strange == strange].sum() == pytest.approx(40)


def test_the_same_seed_makes_the_same_folders_up(
    sources: Mapping[str, Source], background: Features, axes: Discriminants
) -> None:
    first, second, other = (folders(sources, background, axes, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.inputs, second.inputs)
    assert first.inputs.shape != other.inputs.shape


def test_what_is_learned_tells_strangers_of_other_folders_apart(
    sources: Mapping[str, Source], background: Features, axes: Discriminants
) -> None:
    learned = learn(folders(sources, background, axes), plain=False)
    assert learned["nearest"] < 0 < learned["others"]
    found = judge(learned, folders(sources, background, axes, seed=1))
    assert found["auroc"] > 0.8
    assert min(found["accepted"], found["told"]) > 0.6
    assert found["calibration error"] < 0.1


def test_a_plain_calibrator_does_without_a_background(
    sources: Mapping[str, Source], background: Features
) -> None:
    assert learn(folders(sources, background, None), plain=True)["others"] == 0


def test_a_true_probability_has_no_calibration_error() -> None:
    rng = np.random.default_rng(0)
    unknown = rng.uniform(size=20000)
    strange, even = rng.uniform(size=20000) < unknown, np.ones(20000)
    assert calibration_error(unknown, strange, even) < 0.02
    assert calibration_error(unknown / 2, strange, even) == pytest.approx(0.25, abs=0.02)


def test_generations_of_a_line_are_no_strangers_to_each_other() -> None:
    assert line(("views", "chevrolet_impala_caprice")) == line(("stanford", "Chevrolet Impala Sedan 2007"))


def test_a_photo_is_seen_as_it_is_and_as_a_worse_camera_takes_it() -> None:
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (80, 120, 3), np.uint8))
    views = all_views(image, Car(box=(0.1, 0.1, 0.8, 0.9), score=0.9), 32, rng)
    assert views.shape == (VIEWS, 32, 32, 3)
    np.testing.assert_array_equal(views[1], views[0][:, ::-1])
    assert all((view != views[0]).any() for view in views[1:])
