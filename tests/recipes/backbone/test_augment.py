from __future__ import annotations

from dataclasses import replace

import numpy as np

from recipes.backbone.augment import augment
from recipes.backbone.photos import Pixels
from recipes.backbone.recipe import Augmentation

STILL = Augmentation(zoom_out=0, least_area=1, aspect=1, brightness=(1, 1), saturation=(1, 1))


def photo() -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)


def view(options: Augmentation, seed: int) -> Pixels:
    return augment(photo(), 32, options, np.random.default_rng(seed))


def test_a_view_is_a_square_that_the_seed_decides() -> None:
    options = Augmentation(blurred=0.5, erased=0.5, white_balance=0.1)

    assert view(options, 1).shape == (32, 32, 3)
    assert np.array_equal(view(options, 1), view(options, 1))
    assert not np.array_equal(view(options, 1), view(options, 2))


def test_without_strength_only_mirroring_is_left() -> None:
    first = view(STILL, 0)

    for seed in range(8):
        found = view(STILL, seed)
        assert np.array_equal(found, first) or np.array_equal(found[:, ::-1], first)


def test_zooming_out_shows_a_background_around_the_photo() -> None:
    white = np.full((64, 96, 3), 255, np.uint8)
    options = Augmentation(zoom_out=1, zoom_out_most=1.9, least_area=1, saturation=(1, 1), brightness=(1, 1))

    views = [augment(white, 32, options, np.random.default_rng(seed)) for seed in range(10)]

    shown = [float((view == 255).all(axis=2).mean()) for view in views]
    assert min(shown) > 0.2  # 1 / 1.9² of a canvas is the photo at least
    assert any(share < 0.9 for share in shown)


def test_grey_and_dark_are_as_asked() -> None:
    grey = view(Augmentation(zoom_out=0, saturation=(0, 0), brightness=(0.5, 0.5)), 0)

    assert np.ptp(grey.astype(int), axis=2).max() <= 1
    assert grey.max() <= 128


def test_erasing_covers_a_rectangle_with_one_colour() -> None:
    options = replace(STILL, erased=1)

    for seed in range(5):
        plain, erased = view(STILL, seed), view(options, seed)
        changed = (plain != erased).any(axis=2)
        assert 0.01 < changed.mean() < 0.3
        assert len(np.unique(erased[changed], axis=0)) == 1


def test_night_darkens_and_compression_loses_detail() -> None:
    plain, dark = view(STILL, 0), view(replace(STILL, night=1), 0)
    poor = view(replace(STILL, compressed=1), 0)

    assert dark.mean() < 0.9 * plain.mean()
    assert 1 < np.abs(poor.astype(int) - plain).mean() < 60
