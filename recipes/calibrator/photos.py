"""Photos of models, of other cars and of no car, each as it is and as a worse camera would have taken it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from kuzov.cars.cut_out import WHOLE, cut, cut_box, read_parts
from kuzov.images.framing import Pixels
from kuzov.model.backbones import Backbone
from kuzov.model.head import Features
from kuzov.records import Box, Car
from kuzov.training.features import feature_network
from kuzov.training.views import OTHER_MARGINS
from recipes.backbone.augment import augment
from recipes.backbone.photos import load_stanford_cars
from recipes.backbone.recipe import Augmentation

TAUGHT_VIEWS = 3  # cut out, mirrored, with more room: what a folder teaches; the others are worse captures
WORSE_VIEWS = 2
MOST_A_MODEL = 40
WORSE = Augmentation(
    zoom_out=0.3,
    zoom_out_most=1.3,
    least_area=0.65,
    brightness=(0.5, 1.5),
    saturation=(0.2, 1.6),
    white_balance=0.2,
    blurred=0.35,
    erased=0.3,
    night=0.25,
    compressed=0.4,
)
SMALL, SMALL_PX = 0.4, (60, 200)  # part of the worse captures whose car is small, and how many pixels wide


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Photos from one place.

    Attributes:
        features: Of the views of each, (N, TAUGHT_VIEWS + WORSE_VIEWS, D).
        models: Name of each photo's model, (N,).
    """

    features: Features
    models: npt.NDArray[np.str_]


def embed_sources(data: Path, no_car: Path, backbone: Backbone) -> dict[str, Source]:
    """Embed all photos: `data` holds wild/ and stanford-cars/, `no_car` JPEGs that show no car."""
    wild = data / "wild"
    network = feature_network(backbone)

    def embed(shown: Iterator[tuple[Image.Image, Car | None, str]]) -> Source:
        features, models = [], []
        for number, (image, car, model) in enumerate(shown):
            views = all_views(image, car, backbone.image_px, np.random.default_rng(number))
            features.append(network({"image": views.astype(np.float32)})["features"].copy())
            models.append(model)
        return Source(features=np.stack(features), models=np.array(models))

    found = {
        name: embed(_folders(wild / name, backbone.image_px)) for name in ("seller", "views", "more-cars")
    }
    found["stanford"] = embed(_stanford(data / "stanford-cars"))
    found["streets"] = embed(_loose(wild / "streets", "street", backbone.image_px))
    found["no car"] = embed(_loose(no_car, "no car", backbone.image_px))
    return found


def all_views(image: Image.Image, car: Car | None, image_px: int, rng: np.random.Generator) -> Pixels:
    """Cut out, mirrored, with more room, and then worse captures: uint8 (V, image_px, image_px, 3)."""
    framed = cut(image, cut_box(car), image_px)
    loose = cut(image, cut_box(car or Car(box=WHOLE, score=0), OTHER_MARGINS[0]), image_px)
    close = _crop(image, cut_box(car, 0.0))
    worse = [augment(np.asarray(_shrunk(close, rng)), image_px, WORSE, rng) for _ in range(WORSE_VIEWS)]
    return np.stack([framed, framed[:, ::-1], loose, *worse])


def _crop(image: Image.Image, box: Box) -> Image.Image:
    left, top, right, bottom = (
        round(part * side) for part, side in zip(box, (*image.size, *image.size), strict=True)
    )
    return image.crop((left, top, max(right, left + 2), max(bottom, top + 2)))


def _shrunk(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    if rng.random() >= SMALL:
        return image
    scale = min(1.0, rng.uniform(*SMALL_PX) / max(image.size))
    width, height = (max(8, round(scale * side)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BILINEAR)


def _folders(root: Path, image_px: int) -> Iterator[tuple[Image.Image, Car | None, str]]:
    for folder in sorted(each for each in root.iterdir() if each.is_dir()):
        most = MOST_A_MODEL if root.name == "more-cars" else None
        for file in sorted(folder.glob("*.jpg"))[:most]:
            yield *_read(file, image_px), folder.name


def _loose(root: Path, name: str, image_px: int) -> Iterator[tuple[Image.Image, Car | None, str]]:
    for file in sorted(root.glob("*.jpg")):
        yield *_read(file, image_px), name


def _read(file: Path, image_px: int) -> tuple[Image.Image, Car | None]:
    image, ((_, car),) = read_parts(file, image_px)
    return image, car


def is_learned_from(label: int) -> bool:
    """Whether the validation photos of a model of Stanford Cars are; those of every other one judge."""
    return label % 2 == 0


def _stanford(folder: Path) -> Iterator[tuple[Image.Image, Car | None, str]]:
    """Validation photos of every other model, which are cut out already."""
    cars = load_stanford_cars(folder)
    for row in cars.rows(training=False):
        if is_learned_from(int(cars.labels[row])):
            yield Image.fromarray(cars.pixels[row]), None, cars.names[cars.labels[row]]
