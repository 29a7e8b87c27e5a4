from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from kuzov.cars.cut_out import cut, cut_box
from kuzov.config import AugmentationConfig, FeatureConfig, TrainConfig
from kuzov.records import Car
from kuzov.training.views import OTHER_MARGINS, view_car, views_fingerprint

IMAGE_PX = 32
CAR = Car(box=(0.2, 0.3, 0.7, 0.8), score=0.9)


@pytest.fixture
def image() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 3), np.uint8)
    return Image.fromarray(pixels).resize((160, 100), Image.Resampling.BICUBIC)


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.mark.parametrize(
    ("features", "count"),
    [
        (FeatureConfig(reframed=False, mirrored=False), 1),
        (FeatureConfig(reframed=False), 2),
        (FeatureConfig(mirrored=False), 3),
        (FeatureConfig(), 6),
        (FeatureConfig(augmented_views=4), 10),
    ],
)
def test_the_settings_tell_the_views(image: Image.Image, features: FeatureConfig, count: int) -> None:
    views = view_car(image, CAR, IMAGE_PX, TrainConfig(features=features), rng())
    assert (views.shape, str(views.dtype)) == ((count, IMAGE_PX, IMAGE_PX, 3), "uint8")
    np.testing.assert_array_equal(views[0], cut(image, cut_box(CAR), IMAGE_PX))
    assert len({view.tobytes() for view in views}) == count


def test_framings_are_mirrored_in_their_order(image: Image.Image) -> None:
    views = view_car(image, CAR, IMAGE_PX, TrainConfig(), rng())
    np.testing.assert_array_equal(views[3:], views[:3, :, ::-1])
    roomy = cut(image, cut_box(CAR, OTHER_MARGINS[0]), IMAGE_PX)
    np.testing.assert_array_equal(views[1], roomy)


def test_random_views_are_drawn_by_the_generator(image: Image.Image) -> None:
    config = TrainConfig(features=FeatureConfig(augmented_views=2))
    first, again, other = (
        view_car(image, CAR, IMAGE_PX, config, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first[:6], other[:6])
    assert (first[6:] != other[6:]).any()


def test_without_a_car_the_whole_photo_is_shown(image: Image.Image) -> None:
    views = view_car(image, None, IMAGE_PX, TrainConfig(), rng())
    np.testing.assert_array_equal(views[0], image.resize((IMAGE_PX,) * 2, Image.Resampling.BILINEAR))


def test_the_fingerprint_tells_what_shapes_the_views_alone() -> None:
    config = TrainConfig()
    same = [config, replace(config, seed=1), replace(config, augmentation=AugmentationConfig(zoom_range=0.1))]
    assert len({views_fingerprint(each) for each in same}) == 1
    drawn = replace(config, features=FeatureConfig(augmented_views=1))
    different = [
        config,
        replace(config, features=FeatureConfig(mirrored=False)),
        drawn,
        replace(drawn, seed=1),
        replace(drawn, augmentation=AugmentationConfig(zoom_range=0.1)),
    ]
    assert len({views_fingerprint(each) for each in different}) == len(different)
