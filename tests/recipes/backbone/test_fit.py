from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from recipes.backbone.fit import Classifier, Views, fit
from recipes.backbone.network import EfficientNetLite, weights_of
from recipes.backbone.photos import StanfordCars
from recipes.backbone.recipe import Augmentation, Phase, Recipe

RECIPE = Recipe(phases=(Phase(epochs=2, image_px=32),), batch=8, average_decay=0.5)


def small() -> EfficientNetLite:
    torch.manual_seed(0)
    return EfficientNetLite(width=0.25, depth=0.3)


def train(cars: StanfordCars, recipe: Recipe, checkpoint: Path) -> tuple[Classifier, list[str]]:
    lines: list[str] = []
    return fit(cars, small(), recipe, checkpoint, lines.append), lines


def test_it_learns_and_says_how_far_it_is(cars: StanfordCars, tmp_path: Path) -> None:
    true_colours = Augmentation(saturation=(1, 1), brightness=(1, 1))
    recipe = replace(RECIPE, phases=(Phase(epochs=16, image_px=32),), augmentation=true_colours)

    _, lines = train(cars, recipe, tmp_path / "checkpoint.pt")

    losses = [float(line.split("loss ")[1].split(",")[0]) for line in lines if "done" in line]
    assert len(losses) == 16
    assert np.mean(losses[8:]) < 0.85 * losses[0]  # three batches an epoch: one alone says little


def test_a_stopped_training_goes_on_as_if_it_had_not_stopped(cars: StanfordCars, tmp_path: Path) -> None:
    whole, _ = train(cars, RECIPE, tmp_path / "whole.pt")

    class Stop(Exception):  # noqa: N818
        pass

    def stop(line: str) -> None:
        if line.startswith("epoch 2"):
            raise Stop

    with pytest.raises(Stop):
        fit(cars, small(), RECIPE, tmp_path / "stopped.pt", stop)
    resumed, lines = train(cars, RECIPE, tmp_path / "stopped.pt")

    assert lines[0] == "going on after epoch 1"
    expected = weights_of(whole.backbone)
    for name, value in weights_of(resumed.backbone).items():
        assert np.allclose(value, expected[name], atol=1e-3), name


def test_frozen_blocks_stay_as_they_are(cars: StanfordCars, tmp_path: Path) -> None:
    before = weights_of(small())

    trained, _ = train(cars, replace(RECIPE, frozen_blocks=2), tmp_path / "checkpoint.pt")

    frozen = ("stem_", "block0_", "block1_")
    for name, value in weights_of(trained.backbone).items():
        assert np.array_equal(value, before[name]) == name.startswith(frozen), name


def test_an_epoch_shows_each_photo_once_and_none_of_the_held_out(cars: StanfordCars) -> None:
    views = Views(cars, replace(RECIPE, held_out=(1,)))

    batches = list(views.batches(0, 32))

    assert views.classes == 2
    assert [images.shape for images, _ in batches] == [(8, 3, 32, 32)] * 2
    assert sorted(torch.cat([labels for _, labels in batches]).tolist()) == [0] * 8 + [1] * 8
    again = list(views.batches(0, 32))
    assert all(torch.equal(a, b) for (a, _), (b, _) in zip(batches, again, strict=True))
