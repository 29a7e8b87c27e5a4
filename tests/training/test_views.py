from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from kuzov.config import AugmentationConfig, FeatureConfig, TrainConfig
from kuzov.images.framing import frame
from kuzov.training.views import square_box, view_photo, views_fingerprint

IMAGE_PX = 32


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
    views = view_photo(image, IMAGE_PX, TrainConfig(features=features), rng())
    assert (views.shape, str(views.dtype)) == ((count, IMAGE_PX, IMAGE_PX, 3), "uint8")
    np.testing.assert_array_equal(views[0], frame(image, IMAGE_PX))
    assert len({view.tobytes() for view in views}) == count


def test_framings_are_mirrored_in_their_order(image: Image.Image) -> None:
    views = view_photo(image, IMAGE_PX, TrainConfig(), rng())
    np.testing.assert_array_equal(views[3:], views[:3, :, ::-1])
    np.testing.assert_array_equal(views[1], image.resize((IMAGE_PX,) * 2, Image.Resampling.BILINEAR))


def test_random_views_are_drawn_by_the_generator(image: Image.Image) -> None:
    config = TrainConfig(features=FeatureConfig(augmented_views=2))
    first, again, other = (
        view_photo(image, IMAGE_PX, config, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first[:6], other[:6])
    assert (first[6:] != other[6:]).any()


@pytest.mark.parametrize("size", [(160, 100), (100, 160)])
def test_the_square_is_the_middle_of_the_photo(size: tuple[int, int]) -> None:
    left, top, right, bottom = square_box(*size)
    assert right - left == bottom - top == 87.5
    assert ((left + right) / 2, (top + bottom) / 2) == (size[0] / 2, size[1] / 2)


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
