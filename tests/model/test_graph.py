from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kuzov.cars.cut_out import cut
from kuzov.cars.detector import find_cars
from kuzov.images.decode import decode
from kuzov.model import graph
from tests.encoded_photos import encode

BOX = (0.05, 0.1, 0.95, 0.85)


def from_pillow(photo: bytes) -> float:
    """How far a part of a photo lies from the one by Pillow, at most."""
    found = graph.cut(graph.decode(tf.constant(photo)), tf.constant(BOX), 224).numpy()
    assert (found.shape, found.dtype) == ((224, 224, 3), np.float32)
    assert (found == np.round(found)).all()
    return float(np.abs(found - cut(decode(photo), BOX, 224)).max())


@pytest.fixture(scope="module")
def car(synthetic_photos: Path) -> Image.Image:
    return decode(synthetic_photos / "test" / "suv.jpg")


@pytest.mark.parametrize("size", [(320, 220), (219, 331), (100, 60), (1, 1), (1500, 1100), (3, 900)])
@pytest.mark.parametrize(
    ("mode", "kind"), [("RGB", "JPEG"), ("L", "JPEG"), ("RGB", "PNG"), ("L", "PNG"), ("RGB", "BMP")]
)
def test_a_part_is_cut_out_as_by_pillow(
    car: Image.Image, size: tuple[int, int], mode: str, kind: str
) -> None:
    assert from_pillow(encode(car.resize(size).convert(mode), kind)) <= 1


@pytest.mark.parametrize(
    "options", [{"subsampling": 0}, {"subsampling": 2}, {"progressive": True}, {"quality": 30}]
)
def test_every_kind_of_jpeg_is_decoded_as_by_pillow(car: Image.Image, options: dict[str, Any]) -> None:
    assert from_pillow(encode(car, "JPEG", **options)) <= 1


def test_a_cmyk_jpeg_is_cut_out_as_by_pillow(car: Image.Image) -> None:
    photo = encode(car.convert("CMYK"), "JPEG", quality=95)
    assert from_pillow(photo) <= 2  # it multiplies in whole numbers


def test_cars_in_real_photos_are_found_and_cut_out_as_by_openvino_and_pillow(
    ten_photos: Sequence[Path],
) -> None:
    detector = graph.read_detector()
    find = tf.function(lambda photo: graph.find_cars(graph.decode(photo), detector, every=True))
    small = Image.new("RGB", (900, 700), "grey")
    with Image.open(ten_photos[0]) as car:
        small.paste(car.convert("RGB").resize((200, 130)), (600, 400))
    for photo in [*(file.read_bytes() for file in ten_photos), encode(small, "PNG")]:
        assert from_pillow(photo) <= 1
        boxes, scores = find(tf.constant(photo))
        expected = find_cars(decode(photo))
        # The main one: what overlaps a car by a half, within rounding, may be another or not.
        np.testing.assert_allclose(boxes[0], expected[0].box, atol=0.005)
        np.testing.assert_allclose(scores[0], expected[0].score, atol=0.005)
