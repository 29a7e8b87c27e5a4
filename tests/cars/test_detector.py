from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kuzov.cars import detector
from kuzov.cars.detector import (
    LEAST_SCORE,
    distinct,
    find_cars,
    load_detector,
    overlap,
    prominence,
    whole,
)
from kuzov.errors import KuzovError
from kuzov.images.decode import decode
from kuzov.network import Network
from kuzov.records import MOST_CARS, Box


def boxes(*rows: tuple[float, float, float, float]) -> detector.Boxes:
    return np.array(rows, np.float32)


def test_two_boxes_overlap_by_what_they_share() -> None:
    found = overlap(boxes((0, 0, 0.5, 1), (0.5, 0, 1, 1), (0, 0, 1, 1)), boxes((0, 0, 1, 1))[0])
    np.testing.assert_allclose(found, [0.5, 0.5, 1])


def test_a_car_keeps_its_surest_box_alone() -> None:
    found = boxes((0, 0, 0.5, 0.5), (0.01, 0, 0.5, 0.5), (0.6, 0.6, 1, 1), (0, 0.6, 0.2, 0.9))
    scores = np.array([0.8, 0.9, 0.5, LEAST_SCORE - 0.01], np.float32)
    assert distinct(found, scores, least_score=LEAST_SCORE).tolist() == [1, 2]


def test_a_part_of_a_surer_car_is_no_car() -> None:
    found = boxes((0, 0, 0.8, 0.6), (0.1, 0.3, 0.2, 0.5), (0.7, 0.1, 1, 0.5), (0.6, 0.5, 0.7, 0.7))
    assert whole(found, np.array([0.8, 0.6, 0.7, 0.9], np.float32)).tolist() == [True, False, True, True]


def test_one_car_alone_has_one_box(ten_photos: Sequence[Path]) -> None:
    assert sum(len(find_cars(decode(photo))) == 1 for photo in ten_photos) >= 8


def test_of_many_cars_eight_are_kept() -> None:
    found = boxes(*((x / 10, 0, x / 10 + 0.05, 0.1) for x in range(10)))
    assert len(distinct(found, np.full(10, 0.9, np.float32), least_score=LEAST_SCORE)) == MOST_CARS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((0.1, 0.1, 0.9, 0.9), (0.4, 0.4, 0.6, 0.6)),  # the larger
        ((0.3, 0.3, 0.7, 0.7), (0.6, 0.3, 1.0, 0.7)),  # the nearer to the middle
    ],
)
def test_the_main_car_is_large_and_in_the_middle(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> None:
    first, second = prominence(boxes(one, other), np.full(2, 0.8, np.float32))
    assert first > second


def test_a_photo_of_nothing_has_no_car() -> None:
    assert find_cars(Image.new("RGB", (640, 480), "grey")) == ()


@pytest.mark.parametrize(("width", "left"), [(240, 700), (120, 40)])
def test_a_car_that_is_small_in_the_photo_is_found_where_it_is(
    ten_photos: Sequence[Path], width: int, left: int
) -> None:
    found = []
    for photo in ten_photos:
        car = decode(photo)
        own = find_cars(car)[0].box
        height = round(width * car.height / car.width)
        road = Image.new("RGB", (1200, 800), (110, 115, 120))
        road.paste(car.resize((width, height)), (left, 400))
        expected = np.array(
            [
                (left + x * width) / 1200 if side % 2 == 0 else (400 + x * height) / 800
                for side, x in enumerate(own)
            ],
            np.float32,
        )
        cars = find_cars(road)
        found.append(bool(cars) and float(overlap(boxes(cars[0].box), expected)[0]) > 0.5)
    assert sum(found) >= 8, found


def test_others_are_left_alone_where_the_main_car_is_sure(
    ten_photos: Sequence[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Box] = []
    real = detector.look

    def look(image: Image.Image, box: Box) -> tuple[detector.Boxes, detector.Scores]:
        looks.append(box)
        return real(image, box)

    monkeypatch.setattr(detector, "look", look)
    cars = find_cars(decode(ten_photos[0]), every=False)
    assert cars[0].score >= detector.SURE
    assert looks == [(0, 0, 1, 1)]


def test_cars_in_real_photos_are_found_alike_one_by_one_and_together(ten_photos: Sequence[Path]) -> None:
    images = [decode(photo) for photo in ten_photos]
    alone = [find_cars(image) for image in images]
    assert all(cars and cars[0].score > 0.5 for cars in alone)
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(find_cars, images)) == alone


def test_threads_that_ask_for_it_at_once_get_the_same_one(monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(4)

    def load(_: int) -> Network:
        together.wait(60)
        return load_detector()

    with monkeypatch.context() as patch, ThreadPoolExecutor(4) as threads:
        patch.setattr(detector, "_load", functools.cache(detector._load.__wrapped__))
        made = set(threads.map(load, range(4)))
    assert len(made) == 1


@pytest.mark.parametrize("content", [None, b"no graph"])
def test_a_detector_that_cannot_be_loaded_is_told(
    content: bytes | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "detector.xml"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setattr(detector, "NETWORK", file)
    monkeypatch.setattr(detector, "_load", detector._load.__wrapped__)
    with pytest.raises(KuzovError, match=r"^The detector of cars, .*, can't be loaded; install kuzov anew: "):
        find_cars(Image.new("RGB", (64, 48)))
