"""Train the backbone that kuzov ships.

    python -m recipes.backbone STANFORD_CARS --recipe recipes/backbone/cars.toml --out runs/backbone

Writes checkpoint.pt after each epoch, log.txt, and at the end backbone.safetensors (float16) into the
folder. The same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from kuzov.model.weight_files import read_weights
from recipes.backbone.fit import fit
from recipes.backbone.judge import validation_accuracy
from recipes.backbone.network import EfficientNetLite, blend, load_weights, weights_of
from recipes.backbone.photos import load_stanford_cars
from recipes.backbone.recipe import read_recipe


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m recipes.backbone", description=__doc__.splitlines()[0])
    parser.add_argument("stanford_cars", type=Path, help="folder with images.tar and labels.csv")
    parser.add_argument("--recipe", type=Path, required=True, help="the configuration, a TOML file")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint and the weights")
    arguments = parser.parse_args()
    recipe = read_recipe(arguments.recipe)
    arguments.out.mkdir(parents=True, exist_ok=True)

    def tell(line: str) -> None:
        print(line, flush=True)
        with (arguments.out / "log.txt").open("a", encoding="utf-8") as log:
            log.write(line + "\n")

    backbone, initial = EfficientNetLite(width=recipe.width, depth=recipe.depth), read_weights(recipe.weights)
    load_weights(backbone, initial)
    cars = load_stanford_cars(arguments.stanford_cars)
    trained = fit(cars, backbone, recipe, arguments.out / "checkpoint.pt", tell)
    blend(trained.backbone, initial, recipe.initial_share)
    for image_px in recipe.judged_px:
        accuracy = validation_accuracy(trained, cars, image_px, recipe.held_out)
        tell(f"validation photos right at {image_px} pixels: {accuracy:.2%}")
    part = arguments.out / "backbone.part"
    save_file({name: each.astype(np.float16) for name, each in weights_of(trained.backbone).items()}, part)
    part.replace(arguments.out / "backbone.safetensors")


if __name__ == "__main__":
    main()
