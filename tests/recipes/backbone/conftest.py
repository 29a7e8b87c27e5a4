"""A handful of small photos in the form of Stanford Cars."""

from __future__ import annotations

import csv
import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from recipes.backbone.photos import StanfordCars, load_stanford_cars
from tests.encoded_photos import encode

pytest.importorskip("torch", reason="torch is not installed; kuzov[backbone] brings it")

MODELS = ("Red Sedan 2012", "Green Wagon 2007", "Blue Coupe 1998")
COLOURS = ((220, 30, 30), (30, 200, 30), (40, 40, 220))


@pytest.fixture(scope="session")
def cars(tmp_path_factory: pytest.TempPathFactory) -> StanfordCars:
    """Three models, ten noisy photos each: eight to train on, two to validate."""
    folder = tmp_path_factory.mktemp("stanford-cars")
    rng = np.random.default_rng(0)
    with (
        tarfile.open(folder / "images.tar", "w") as tar,
        (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["file", "class_id", "class_name", "split"])
        for number in range(30):
            label = number % 3
            pixels = np.clip(np.array(COLOURS[label]) + rng.normal(0, 20, (40, 60, 3)), 0, 255)
            encoded = encode(Image.fromarray(pixels.astype(np.uint8)), "JPEG")
            name = f"{number:05}.jpg"
            member = tarfile.TarInfo(f"images/{name}")
            member.size = len(encoded)
            tar.addfile(member, io.BytesIO(encoded))
            writer.writerow([name, label, MODELS[label], "train" if number < 24 else "validation"])
    return load_stanford_cars(folder)
