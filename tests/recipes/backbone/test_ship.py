from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from kuzov.model.backbones import find_backbone, weight_key
from kuzov.model.weight_files import BACKGROUND
from recipes.backbone.photos import load_stanford_cars
from recipes.backbone.ship import ship


def test_the_shipped_file_has_the_weights_and_a_prototype_a_model(
    stanford_folder: Path, tmp_path: Path
) -> None:
    model = find_backbone("efficientnet-lite0-imagenet").load()
    tensors = {
        weight_key(layer, weight): weight.numpy().astype(np.float16)
        for layer in model.layers
        for weight in layer.weights
    }
    save_file(tensors, tmp_path / "backbone.safetensors")

    ship(tmp_path / "backbone.safetensors", load_stanford_cars(stanford_folder), 64, tmp_path / "shipped")

    shipped = load_file(tmp_path / "shipped")
    assert all(np.array_equal(shipped[name], value) for name, value in tensors.items())
    prototypes = shipped[BACKGROUND].astype(np.float32)
    assert prototypes.shape == (3, 1280)
    assert np.allclose(np.linalg.norm(prototypes, axis=1), 1, atol=2e-3)
    assert not list(tmp_path.glob("*.part"))
