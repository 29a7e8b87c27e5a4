"""Judge backbones on clean photos, and write docs/benchmarks-clean.md, which explains the columns.

    python -m benchmarks.backbones                 # those that are shipped, some minutes on two cores
    python -m benchmarks.backbones --image-px 224 runs/one/backbone.safetensors runs/two/backbone.safetensors

Weights files that are named are only printed, a row each: for an ablation, train each candidate by
`python -m recipes.backbone`, with its own recipe and the same models held out. Needs the photos beside the
project (KUZOV_SHARED may name their folder's parent).
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.markdown import table
from benchmarks.photos import shared_data
from benchmarks.process import REPOSITORY
from kuzov.cars.cut_out import cut, cut_box, read_parts
from kuzov.cars.detector import find_cars
from kuzov.config import TrainConfig
from kuzov.data.dataset import load_dataset
from kuzov.model.backbones import Backbone, find_backbone
from kuzov.model.familiarity import make_prototypes
from kuzov.model.head import Features, Labels, directions
from kuzov.training.features import feature_network
from kuzov.training.judge import accuracy, fit_views
from kuzov.training.shots import draw_shots, judge_shots
from kuzov.training.views import view_car
from recipes.backbone.photos import Pixels, load_stanford_cars
from recipes.backbone.product import backbone_from, embed
from recipes.backbone.recipe import read_recipe

RECIPES = REPOSITORY / "recipes" / "backbone"
HELD_OUT = read_recipe(RECIPES / "held_out.toml").held_out
SHOTS, UNSEEN_SHOTS, DRAWS, C = (1, 3, 5, 10), (1, 5, 10), 20, 10.0
COLUMNS = ("validation", *[f"{shots} a model" for shots in SHOTS], "46 models, 1 / 5 / 10")


def judge_backbone(backbone: Backbone) -> list[str]:
    """The cells of `COLUMNS`."""
    network, image_px = feature_network(backbone), backbone.image_px
    dataset = load_dataset(shared_data("russian-cars-5"), validation_fraction=0.25, seed=0)
    photos, rng = dataset.train + dataset.validation, np.random.default_rng(0)
    views = []
    for photo in photos:
        image, ((_, car),) = read_parts(photo.path, image_px)
        views.append(embed(network, [*view_car(image, car, image_px, TrainConfig(), rng)]))
    features, groups = np.stack(views), [photo.digest for photo in photos]
    labels = np.array([dataset.classes.index(photo.label) for photo in photos])
    known, asked = np.split(np.arange(len(photos)), [len(dataset.train)])
    head = fit_views(features[known], labels[known], classes=5, inverse_regularisation=C)
    right = accuracy(head.logits(features[asked, 0]), labels[asked]) * len(asked)
    draws = [draw_shots(labels, groups, shots=shots, draws=DRAWS, seed=0) for shots in SHOTS]
    few = [judge_shots(features, labels, each, inverse_regularisation=C) for each in draws]
    cars, models = _unseen_cars()
    unseen = embed(network, (_cut_out(Image.fromarray(pixels), image_px) for pixels in cars))
    return [
        f"{right:.0f} of {len(asked)}",
        *[f"{np.mean(each):.1%} ± {np.std(each):.1%}" for each in few],
        " / ".join(f"{nearest_prototype(unseen, models, shots):.1%}" for shots in UNSEEN_SHOTS),
    ]


def _cut_out(photo: Image.Image, image_px: int) -> Pixels:
    """What the recogniser is shown of it."""
    return cut(photo, cut_box(next(iter(find_cars(photo)), None)), image_px)


@functools.cache
def _unseen_cars() -> tuple[list[Pixels], Labels]:
    """The photos of Stanford Cars whose models are held out, and which of these each shows."""
    cars = load_stanford_cars(shared_data("stanford-cars"))
    rows = np.flatnonzero(np.isin(cars.labels, HELD_OUT))
    return [cars.pixels[int(row)] for row in rows], np.unique(cars.labels[rows], return_inverse=True)[1]


def nearest_prototype(features: Features, labels: Labels, shots: int) -> float:
    """Accuracy by prototypes of a few photos of each model, mean of the draws."""
    none, names = np.zeros((0, features.shape[1]), np.float32), [*map(str, range(len(labels)))]
    accuracies = []
    for draw in draw_shots(labels, names, shots=shots, draws=DRAWS, seed=0):
        prototypes = make_prototypes(
            features[draw.known], labels[draw.known], classes=int(labels.max()) + 1, background=none
        )
        cosines = directions(features[draw.others]) @ prototypes.classes
        accuracies.append(accuracy(cosines.astype(np.float64), labels[draw.others]))
    return float(np.mean(accuracies))


def main() -> None:
    """Write the page, or print the rows of the weights."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backbones")
    parser.add_argument("weights", type=Path, nargs="*", help="files as the recipe writes them")
    parser.add_argument("--image-px", type=int, default=256, help="side of their input")
    arguments = parser.parse_args()
    if arguments.weights:
        print(_table({str(file): backbone_from(file, arguments.image_px) for file in arguments.weights}))
        return
    cars = find_backbone("efficientnet-lite0-cars")
    shipped = {
        "ImageNet": find_backbone("efficientnet-lite0-imagenet"),
        "**cars**": cars,
        "cars without 46 models": backbone_from(RECIPES / "held_out.safetensors", cars.image_px),
    }
    page = Path(__file__).with_suffix(".md").read_text(encoding="utf-8").format(backbones=_table(shipped))
    (REPOSITORY / "docs" / "benchmarks-clean.md").write_text(page, encoding="utf-8")


def _table(backbones: Mapping[str, Backbone]) -> str:
    return table(["backbone", *COLUMNS], [[name, *judge_backbone(each)] for name, each in backbones.items()])


if __name__ == "__main__":
    main()
