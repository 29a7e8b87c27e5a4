from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from kuzov.model.weight_files import BACKGROUND, WEIGHTS
from recipes.backbone.photos import StanfordCars
from recipes.backbone.ship import ship


def test_the_shipped_file_has_the_weights_and_a_prototype_a_model(cars: StanfordCars, tmp_path: Path) -> None:
    trained = WEIGHTS / "efficientnet-lite0-imagenet.safetensors"

    ship(trained, cars, 64, tmp_path / "shipped")

    shipped = load_file(tmp_path / "shipped")
    assert all(np.array_equal(shipped[name], value) for name, value in load_file(trained).items())
    prototypes = shipped[BACKGROUND].astype(np.float32)
    assert prototypes.shape == (3, 1280)
    assert np.allclose(np.linalg.norm(prototypes, axis=1), 1, atol=2e-3)
    assert not list(tmp_path.glob("*.part"))
