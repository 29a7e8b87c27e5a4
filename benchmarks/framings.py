"""Which part of a photo the network should see, and which views the head should learn from.

    python -m benchmarks.framings PHOTOS

Prints, for each way to frame and each set of views, the validation photos right and the accuracy of 5-fold
cross-validation over all photos, mean of 3 seeds, with the head's C at 10. PHOTOS has train/ and validation/.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from kuzov.config import AugmentationConfig
from kuzov.data.augment import augment
from kuzov.data.dataset import Dataset, load_dataset
from kuzov.images.decode import decode
from kuzov.images.framing import Box, resize_box
from kuzov.model.backbones import find_backbone
from kuzov.training.features import feature_network
from kuzov.training.judge import accuracy, cross_validate, fit_views

Array = npt.NDArray[np.float32]
SEEDS, C = (0, 1, 2), 10.0
MIDDLES = (0.8, 0.85, 0.9, 0.95)


def middle(width: int, height: int, kept: float) -> Box:
    """The middle part of both sides."""
    return width * (1 - kept) / 2, height * (1 - kept) / 2, width * (1 + kept) / 2, height * (1 + kept) / 2


def square(width: int, height: int, kept: float) -> Box:
    """The centred square, a part of the short side."""
    side = kept * min(width, height)
    return (width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2


def letterbox(image: Image.Image, image_px: int) -> Array:
    """The whole photo at its true proportions on grey."""
    scale = image_px / max(image.size)
    small = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BILINEAR)
    canvas = Image.new("RGB", (image_px, image_px), (127, 127, 127))
    canvas.paste(small, ((image_px - small.width) // 2, (image_px - small.height) // 2))
    return np.asarray(canvas, np.float32)


def framings(image: Image.Image, image_px: int, seed: int) -> dict[str, Array]:
    """A photo framed in every way."""
    boxes = {f"middle {kept}": middle(*image.size, kept) for kept in MIDDLES}
    boxes |= {f"square {kept}": square(*image.size, kept) for kept in (0.875, 1.0)}
    boxes["whole"] = (0, 0, *image.size)
    found = {name: resize_box(image, box, image_px).astype(np.float32) for name, box in boxes.items()}
    found["letterbox"] = letterbox(image, image_px)
    found |= {f"{name}, mirrored": pixels[:, ::-1] for name, pixels in found.items()}
    rng = np.random.default_rng(seed)
    augmented = [augment(found["middle 0.9"], AugmentationConfig(), rng) for _ in range(4)]
    return found | {f"augmented {index}": pixels for index, pixels in enumerate(augmented)}


def embed(data: Dataset) -> dict[str, Array]:
    """Features (N, D) of all photos by framing."""
    backbone = find_backbone("efficientnet-lite0-imagenet")
    network = feature_network(backbone)
    rows = []
    for seed, photo in enumerate(data.train + data.validation):
        views = framings(decode(photo.path), backbone.image_px, seed)
        features = network({"image": np.stack(list(views.values()))})["features"].copy()
        rows.append(dict(zip(views, features, strict=True)))
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def judge(
    features: Mapping[str, Array], data: Dataset, asked: str, others: tuple[str, ...] = (), augmented: int = 0
) -> str:
    """One row of the table: learned from what is asked about, other framings, both mirrored, random views."""
    framed = [asked, *(other for other in others if other != asked)]
    learned = [*framed, *(f"{name}, mirrored" for name in framed)]
    learned += [f"augmented {index}" for index in range(augmented)]
    photos, train = data.train + data.validation, len(data.train)
    labels = np.array([data.classes.index(photo.label) for photo in photos])
    groups = [photo.digest for photo in photos]
    views = np.stack([features[name] for name in learned], axis=1)  # cross_validate asks about the first
    head = fit_views(views[:train], labels[:train], classes=len(data.classes), inverse_regularisation=C)
    right = accuracy(head.logits(views[train:, 0]), labels[train:]) * len(data.validation)
    folds = [
        cross_validate(views, labels, groups, inverse_regularisation=C, folds=5, seed=seed).accuracies
        for seed in SEEDS
    ]
    also = ", ".join([*framed[1:], *([f"{augmented} augmented"] if augmented else [])]) or "nothing"
    return f"| {asked} | {also} | {right:.0f} of {len(data.validation)} | {np.mean(folds):.1%} |"


def main() -> None:
    """Print the table."""
    data = load_dataset(Path(sys.argv[1]), validation_fraction=0.25, seed=0)
    features = embed(data)
    print("| asked about | learned from too | validation | cross-validation |\n| --- | --- | --- | --- |")
    ways = [f"middle {kept}" for kept in MIDDLES] + ["square 0.875", "square 1.0", "whole", "letterbox"]
    for way in ways:
        print(judge(features, data, way))
    for way in ways:
        print(judge(features, data, way, ("whole", "square 0.875")))
    for count in (2, 4):
        print(judge(features, data, "middle 0.9", augmented=count))


if __name__ == "__main__":
    main()
