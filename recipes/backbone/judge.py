"""How many validation photos of Stanford Cars a trained classifier gets right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from kuzov.images.framing import resize_box
from recipes.backbone.fit import Classifier, half_precision
from recipes.backbone.photos import Pixels, StanfordCars

BATCH_PHOTOS = 32


def validation_accuracy(
    model: Classifier, cars: StanfordCars, image_px: int, held_out: Sequence[int] = ()
) -> float:
    """Part of the validation photos of the learned models that are named right, 0..1.

    The whole photo is stretched to the square: these photos are cropped to the car already.
    """
    rows = cars.rows(training=False, held_out=held_out)
    columns = np.unique(cars.labels[cars.rows(training=True, held_out=held_out)])
    device = next(model.parameters()).device
    model.eval()
    right = 0
    for start in range(0, len(rows), BATCH_PHOTOS):
        batch = rows[start : start + BATCH_PHOTOS]
        views = np.stack([_whole(cars.pixels[row], image_px) for row in batch]).transpose(0, 3, 1, 2)
        with torch.no_grad(), half_precision(device):
            features = model.backbone(torch.from_numpy(views).to(device))
        with torch.no_grad():
            answers = model.score(features.float()).argmax(dim=1).cpu().numpy()
        right += int((columns[answers] == cars.labels[batch]).sum())
    return right / len(rows)


def _whole(pixels: Pixels, image_px: int) -> Pixels:
    image = Image.fromarray(pixels)
    return resize_box(image, (0, 0, *image.size), image_px)
