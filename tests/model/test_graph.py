from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kuzov.cars import detector
from kuzov.cars.cut_out import cut
from kuzov.cars.detector import GRAPH, find_cars, overlap
from kuzov.compiled import read_model
from kuzov.images.decode import decode
from kuzov.model import graph
from kuzov.network import Network, NetworkSettings
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


def in_float() -> Network:
    """The detector's graph as OpenVINO computes it in float32: in int8 it sees a little else."""
    model = read_model(GRAPH)
    for output in model.outputs:
        output.get_tensor().set_names({"boxes" if len(output.get_partial_shape()) == 3 else "scores"})
    model.input(0).get_tensor().set_names({"image"})
    return Network(model, NetworkSettings(precision="f32", lone_calls=False, rows_apart=True))


@pytest.fixture
def found_by_graph(ten_photos: Sequence[Path]) -> list[tuple[bytes, list[list[float]], list[float]]]:
    """Photos, one of a small car, with the boxes and scores that the graph finds."""
    network = graph.read_detector()
    find = tf.function(lambda photo: graph.find_cars(graph.decode(photo), network, every=True))
    small = Image.new("RGB", (900, 700), "grey")
    with Image.open(ten_photos[0]) as car:
        small.paste(car.convert("RGB").resize((200, 130)), (600, 400))
    photos = [*(file.read_bytes() for file in ten_photos), encode(small, "PNG")]
    return [(photo, *(each.numpy().tolist() for each in find(tf.constant(photo)))) for photo in photos]


def test_cars_in_real_photos_are_found_and_cut_out_as_by_openvino_and_pillow(
    found_by_graph: list[tuple[bytes, list[list[float]], list[float]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = in_float()
    monkeypatch.setattr(detector, "load_detector", lambda: network)
    for photo, boxes, scores in found_by_graph:
        assert from_pillow(photo) <= 1
        expected = find_cars(decode(photo))
        # The main one: what overlaps a car by a half, within rounding, may be another or not.
        np.testing.assert_allclose(boxes[0], expected[0].box, atol=0.005)
        np.testing.assert_allclose(scores[0], expected[0].score, atol=0.005)


def test_in_int8_the_same_cars_are_found_at_nearly_the_same_places(
    found_by_graph: list[tuple[bytes, list[list[float]], list[float]]],
) -> None:
    overlaps = [
        overlap(np.array([find_cars(decode(photo))[0].box], np.float32), np.array(boxes[0], np.float32))[0]
        for photo, boxes, _ in found_by_graph
    ]
    assert min(overlaps) > 0.5  # the same car: where a score is near the limit, one form looks closer
    assert np.median(overlaps) > 0.98
