from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.errors import ConfigError
from recipes.backbone.recipe import Augmentation, Phase, read_recipe

RECIPES = sorted((Path(__file__).parents[3] / "recipes" / "backbone").rglob("*.toml"))


def test_a_file_says_all_or_leaves_the_default(tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text(
        "phases = [{ epochs = 2, image_px = 128 }]\nheld_out = [3, 7]\n[augmentation]\nerased = 0.5\n"
    )

    recipe = read_recipe(file)

    assert recipe.phases == (Phase(epochs=2, image_px=128),)
    assert recipe.held_out == (3, 7)
    assert recipe.augmentation == Augmentation(erased=0.5)
    assert recipe.batch == 32


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.name)
def test_the_recipes_of_the_repository_are_valid(file: Path) -> None:
    assert sum(phase.epochs for phase in read_recipe(file).phases) >= 4


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("phases = [{ epochs = 2 }]", "image_px"),
        ("phases = []\nspeed = 3", "speed"),
        ("batch = 3", "phases"),
        ("phases = [", "recipe.toml is no recipe"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text(text)

    with pytest.raises(ConfigError, match=complaint):
        read_recipe(file)
