from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from kuzov.data import duplicates as module
from kuzov.data.duplicates import LEAST_SIMILARITY, Pair, groups_of, near_duplicates, signature
from kuzov.data.synthetic import BODIES, draw_car
from kuzov.images.decode import decode
from tests.encoded_photos import encode

Change = Callable[[Image.Image], Image.Image]


def altogether(image: Image.Image) -> Image.Image:
    for name in ("mirrored", "cropped", "brightened", "halved", "recompressed"):
        image = CHANGES[name](image)
    return image


CHANGES: Mapping[str, Change] = {
    "mirrored": ImageOps.mirror,
    "halved": lambda image: image.resize((image.width // 2, image.height // 2)),
    "stretched": lambda image: image.resize((224, 224)),
    "recompressed": lambda image: decode(encode(image, "JPEG", quality=40)),
    "brightened": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
    "cropped": lambda image: image.crop(
        (image.width // 20, image.height // 25, image.width, image.height - image.height // 25)
    ),
    "altogether": altogether,
}


@pytest.fixture(scope="module")
def cars() -> list[Image.Image]:
    """Drawn cars, two of each kind."""
    rngs = [np.random.default_rng([11, number]) for number in range(10)]
    return [draw_car(BODIES[number % 5], (320, 220), rng) for number, rng in enumerate(rngs)]


def pairs(*images: Image.Image) -> list[Pair]:
    return near_duplicates([signature(image) for image in images])


def test_different_pictures_are_no_pair(cars: list[Image.Image]) -> None:
    for photos in (cars, cars[:1], []):
        assert pairs(*photos) == []


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found(cars: list[Image.Image], change: str) -> None:
    (pair,) = pairs(*cars, CHANGES[change](cars[3]))
    assert (pair.first, pair.second, pair.exact) == (3, 10, False)
    assert pair.mirrored == (change in {"mirrored", "altogether"})
    assert LEAST_SIMILARITY <= pair.similarity <= 1


def test_exact_copies_are_paired_with_the_first(cars: list[Image.Image]) -> None:
    found = pairs(cars[0], cars[1], cars[0].copy(), CHANGES["halved"](cars[0]), cars[0])
    assert [(pair.first, pair.second, pair.exact) for pair in found] == [
        (0, 2, True), (0, 3, False), (0, 4, True)
    ]  # fmt: skip
    assert (found[0].similarity, found[0].mirrored) == (1.0, False)


def test_a_symmetric_picture_and_its_copy_are_one_pair(cars: list[Image.Image]) -> None:
    half = cars[1].crop((0, 0, 160, 220))
    symmetric = Image.new("RGB", (320, 220))
    symmetric.paste(half, (0, 0))
    symmetric.paste(ImageOps.mirror(half), (160, 0))
    (pair,) = pairs(symmetric, CHANGES["brightened"](symmetric))
    assert pair.similarity > 0.99


def test_one_colour_is_like_nothing_but_its_copy() -> None:
    red, dark, grey = (Image.new("RGB", (90, 60), colour) for colour in ("red", "darkred", "grey"))
    (pair,) = pairs(red, dark, grey, red)
    assert (pair.first, pair.second, pair.exact) == (0, 3, True)


def test_the_size_of_the_blocks_does_not_matter(
    cars: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = [*cars, *(change(cars[number]) for number, change in enumerate(CHANGES.values()))]
    whole = pairs(*photos)
    assert [(pair.first, pair.second) for pair in whole] == [(number, number + 10) for number in range(7)]
    monkeypatch.setattr(module, "_MOST_PRODUCTS", 50)
    monkeypatch.setattr(module, "_MOST_PAIRS", 1)
    small = pairs(*photos)
    for one, other in zip(whole, small, strict=True):
        assert (one.first, one.second, one.mirrored) == (other.first, other.second, other.mirrored)
        assert one.similarity == pytest.approx(other.similarity, abs=1e-4)


def test_a_signature_is_the_whole_photo_in_a_square() -> None:
    image = Image.new("RGB", (128, 640), "red")
    image.paste("blue", (0, 320, 128, 640))
    thumbnail = signature(image).thumbnail
    assert thumbnail.shape == (3, 64, 64)
    np.testing.assert_array_equal(thumbnail[:, 31, 5], [255, 0, 0])
    np.testing.assert_array_equal(thumbnail[:, 32, 5], [0, 0, 255])


def test_groups_are_what_pairs_connect() -> None:
    found = [
        Pair(first=first, second=second, similarity=1.0, exact=True, mirrored=False)
        for first, second in ((4, 5), (1, 4), (2, 6), (5, 7))
    ]
    assert groups_of(found, 8) == [0, 1, 2, 3, 1, 1, 2, 1]
    assert groups_of([], 2) == [0, 1]


def test_of_twenty_planted_copies_of_real_photos_all_are_found_and_nothing_else(real_photos: Path) -> None:
    files = sorted([*(real_photos / "train").rglob("*.*"), *(real_photos / "validation").rglob("*.*")])
    images = [decode(file) for file in files]
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(images), 20, replace=False).tolist()
    copies = [change(images[row]) for change, row in zip(cycle(CHANGES.values()), chosen, strict=False)]
    planted = sorted((row, len(images) + number) for number, row in enumerate(chosen))
    assert [(pair.first, pair.second) for pair in pairs(*images, *copies)] == planted
