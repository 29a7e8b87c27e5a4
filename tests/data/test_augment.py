import math
import warnings
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from kuzov.config import AugmentationConfig
from kuzov.data.augment import Transform, apply, augment, draw

STILL = AugmentationConfig(
    rotation_range=0,
    width_shift_range=0,
    height_shift_range=0,
    shear_range=0,
    zoom_range=0,
    horizontal_flip=False,
)
TOLERANCE = 1e-3 * 255


def image_of(seed: int, height: int = 24, width: int = 24) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(0, 255, (height, width, 3)).astype(np.float32)


def keras_generator(**options: Any) -> Any:
    """Keras' own ImageDataGenerator, which has moved before and may go."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's and NumPy's, on importing
        module = pytest.importorskip(
            "keras.src.legacy.preprocessing.image", reason="Keras no longer ships ImageDataGenerator."
        )
    return module.ImageDataGenerator(**options)


def as_keras(transform: Transform) -> dict[str, Any]:
    names = {name: getattr(transform, name) for name in ("theta", "tx", "ty", "shear", "zx", "zy")}
    return names | {"flip_horizontal": transform.flip}


SINGLE = [
    Transform(),
    Transform(theta=33.0),
    Transform(theta=-7.5),
    Transform(tx=4.3),
    Transform(ty=-3.7),
    Transform(shear=0.2),
    Transform(shear=-25.0),
    Transform(zx=0.8),
    Transform(zy=1.2),
    Transform(flip=True),
]


@pytest.mark.filterwarnings("ignore:Please import `affine_transform`:DeprecationWarning")
@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
def test_each_transformation_is_that_of_keras(fill_mode: str) -> None:
    generator = keras_generator(fill_mode=fill_mode)
    together = [draw(AugmentationConfig(), 24, 24, np.random.default_rng(seed)) for seed in range(8)]
    for seed, transform in enumerate(SINGLE + together):
        image = image_of(seed)
        expected = generator.apply_transform(image, as_keras(transform))
        seen = apply(image, transform, fill_mode)
        assert seen.shape == expected.shape
        assert seen.dtype == np.float32
        assert np.abs(seen - expected).max() < TOLERANCE, transform


def test_the_ranges_are_those_of_keras() -> None:
    config = AugmentationConfig()
    generator = keras_generator(**asdict(config))
    rng = np.random.default_rng(0)
    ours = [as_keras(draw(config, 50, 50, rng)) for _ in range(2000)]
    theirs = [generator.get_random_transform((50, 50, 3), seed=seed) for seed in range(2000)]
    bounds = {
        "theta": (-40, 40),
        "tx": (-10, 10),
        "ty": (-10, 10),
        "shear": (-0.2, 0.2),
        "zx": (0.8, 1.2),
        "zy": (0.8, 1.2),
    }
    for name, (low, high) in bounds.items():
        for drawn in (ours, theirs):
            values = [float(parameters[name]) for parameters in drawn]
            assert low <= min(values) < low + 0.02 * (high - low), name
            assert high - 0.02 * (high - low) < max(values) <= high, name
            assert abs(np.mean(values) - (low + high) / 2) < 0.03 * (high - low), name
    for drawn in (ours, theirs):
        assert abs(np.mean([parameters["flip_horizontal"] for parameters in drawn]) - 0.5) < 0.05


def test_shifts_are_fractions_of_their_own_side() -> None:
    config = AugmentationConfig(width_shift_range=0.5, height_shift_range=0.1)
    rng = np.random.default_rng(0)
    drawn = [draw(config, 100, 40, rng) for _ in range(500)]
    assert 19 < max(abs(transform.tx) for transform in drawn) <= 20
    assert 9.5 < max(abs(transform.ty) for transform in drawn) <= 10


def test_without_ranges_the_photo_stays() -> None:
    image, rng = image_of(0, 20, 33), np.random.default_rng(0)
    assert draw(STILL, 20, 33, rng) == Transform()
    for photo in (image, image.astype(np.uint8)):
        outcome = augment(photo, STILL, rng)
        assert outcome.dtype == np.float32
        assert np.array_equal(outcome, photo)


def test_the_seed_tells_the_view() -> None:
    image = image_of(0)
    views = [augment(image, AugmentationConfig(), np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(views[0], views[1])
    assert not np.array_equal(views[0], views[2])


def test_a_shift_moves_along_its_side() -> None:
    image = image_of(0, 12, 20)
    assert np.allclose(apply(image, Transform(tx=3))[:, :-3], image[:, 3:], atol=1e-3)
    assert np.allclose(apply(image, Transform(ty=3))[:-3], image[3:], atol=1e-3)


def test_a_photo_that_is_not_square_turns_around_its_centre() -> None:
    image = np.zeros((21, 41, 3), np.float32)
    image[10, 20] = 255
    for theta in (30.0, 90.0, 200.0):
        assert np.allclose(apply(image, Transform(theta=theta))[10, 20], 255, atol=1e-3)
    assert np.allclose(apply(image, Transform(theta=180.0)), image[::-1, ::-1], atol=1e-3)


def test_zooming_out_shows_more() -> None:
    image = np.zeros((40, 40, 3), np.float32)
    image[10:30, 10:30] = 255
    assert math.isclose(apply(image, Transform(zx=1.25, zy=1.25)).sum() / image.sum(), 0.64, rel_tol=0.06)


def test_a_constant_fill_is_black() -> None:
    white = np.full((10, 10, 3), 255, np.uint8)
    assert (apply(white, Transform(tx=5), "constant")[:, 5:] == 0).all()
    assert (apply(white, Transform(tx=5), "nearest") == 255).all()
