"""Put trained weights into the package, with the prototypes of the models that they have seen.

    python -m recipes.backbone.ship WEIGHTS STANFORD_CARS TARGET --image-px 256

WEIGHTS is the recipe's backbone.safetensors; README.md has the whole command.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from safetensors.numpy import load_file, save_file

from kuzov.images.framing import resize_box
from kuzov.model.head import directions, normalise
from kuzov.model.weight_files import BACKGROUND
from kuzov.training.features import feature_network
from recipes.backbone.photos import StanfordCars, load_stanford_cars
from recipes.backbone.product import backbone_from, embed

METADATA = {
    "source": "EfficientNet-Lite0 (Apache-2.0) trained by recipes/backbone on Stanford Cars (Krause 2013)",
    "license": "for research use, as the photos; see docs/model-card.md",
}


def main() -> None:
    """Write the file named on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m recipes.backbone.ship", description=__doc__.splitlines()[0]
    )
    parser.add_argument("weights", type=Path, help="backbone.safetensors, as the recipe wrote it")
    parser.add_argument("stanford_cars", type=Path, help="folder with images.tar and labels.csv")
    parser.add_argument("target", type=Path, help="the file to write")
    parser.add_argument("--image-px", type=int, required=True, help="side of the backbone's input")
    arguments = parser.parse_args()
    ship(arguments.weights, load_stanford_cars(arguments.stanford_cars), arguments.image_px, arguments.target)


def ship(weights: Path, cars: StanfordCars, image_px: int, target: Path) -> None:
    """Write `target`, whole or not at all."""
    tensors = load_file(weights)
    tensors[BACKGROUND] = background_prototypes(weights, cars, image_px).astype(np.float16)
    part = target.with_suffix(".part")
    save_file(tensors, part, metadata=METADATA)
    part.chmod(0o644)  # safetensors makes it the owner's alone
    part.replace(target)


def background_prototypes(weights: Path, cars: StanfordCars, image_px: int) -> npt.NDArray[np.float32]:
    """Mean direction of the training photos of each model, (M, D), rows of length 1."""
    network = feature_network(backbone_from(weights, image_px))
    rows = cars.rows(training=True)
    photos = (Image.fromarray(cars.pixels[row]) for row in rows)  # cut out already
    squares = (resize_box(photo, (0, 0, *photo.size), image_px) for photo in photos)
    shown = directions(embed(network, squares))
    labels = cars.labels[rows]
    return normalise(np.stack([shown[labels == label].mean(axis=0) for label in np.unique(labels)]))


if __name__ == "__main__":
    main()
