from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kuzov.cars.cut_out import read_cut_out
from kuzov.engine.photo_input import cars_tensors, main_car_tensors, read_photos
from kuzov.errors import ErrorCode, OverloadedError, RequestError
from tests.errors import raises

BROKEN = "is broken or cut short; replace it with a whole copy of the photo"


@pytest.fixture
def photos(synthetic_photos: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted((synthetic_photos / "test").iterdir())]


def test_the_cars_of_photos_become_one_tensor(photos: list[bytes]) -> None:
    found = main_car_tensors(read_photos(photos, 64, "car"), 64)
    parts = [read_cut_out(photo, 64) for photo in photos]
    assert (found["image"].shape, str(found["image"].dtype)) == ((3, 64, 64, 3), "float32")
    np.testing.assert_array_equal(found["image"], np.stack([part.pixels for part in parts]))
    np.testing.assert_array_equal(found["car_box"], np.array([part.box for part in parts], np.float32))
    assert (found["car_score"] > 0.25).all()


def test_no_photos_become_empty_tensors() -> None:
    shapes = {name: tensor.shape for name, tensor in main_car_tensors([], 64).items()}
    assert shapes == {"image": (0, 64, 64, 3), "car_box": (0, 4), "car_score": (0,)}
    shapes = {name: tensor.shape for name, tensor in cars_tensors([], 64).items()}
    assert shapes == {"image": (0, 64, 64, 3), "boxes": (0, 8, 4), "scores": (0, 8)}


@pytest.mark.parametrize(
    ("photo", "kind", "reason"),
    [
        (b"", "empty_image", "is empty; replace it with a whole copy of the photo"),
        (
            b"text",
            "no_image",
            "is not a photo in a supported format; use JPEG, PNG, WebP, HEIC, AVIF, BMP, GIF or ICO",
        ),
        (b"\xff\xd8\xff", "broken_image", BROKEN),
    ],
)
def test_a_photo_that_can_not_be_decoded_is_named_by_its_row(
    photos: list[bytes], photo: bytes, kind: str, reason: str
) -> None:
    with pytest.raises(RequestError) as caught:
        read_photos([photos[0], photo], 64, "car")
    assert (caught.value.code, str(caught.value)) == (ErrorCode.INVALID, f"image_bytes[1]: {reason}")
    assert caught.value.reason == kind


def test_a_photo_larger_than_allowed_is_refused() -> None:
    encoded: Any = io.BytesIO()
    Image.new("RGB", (11, 10)).save(encoded, "PNG")
    assert len(read_photos([encoded.getvalue()], 64, "car", max_pixels=110)) == 1
    with raises(RequestError, "image_bytes[0]: claims more than 109 pixels; make it smaller") as caught:
        read_photos([encoded.getvalue()], 64, "car", max_pixels=109)
    assert caught.value.reason == "large_image"


def test_many_large_photos_are_too_many_for_one_request() -> None:
    encoded: Any = io.BytesIO()
    Image.new("RGB", (100, 100)).save(encoded, "PNG")
    photo = encoded.getvalue()
    assert len(read_photos([photo] * 8, 64, "car", max_pixels=10_000)) == 8
    with pytest.raises(RequestError) as caught:
        read_photos([photo] * 9, 64, "car", max_pixels=10_000)
    assert (caught.value.code, str(caught.value)) == (
        ErrorCode.INVALID,
        "The photos of one request may have 80,000 pixels together; the first ones of this have 90,000. "
        "Send fewer at a time, or smaller ones.",
    )


def test_want_of_memory_is_not_the_photos_fault(photos: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", no_memory)
    with raises(OverloadedError, "There is not enough memory for image_bytes[0] now; try again later."):
        read_photos(photos, 64, "car")


def test_photos_of_many_cars_are_too_many_for_one_request(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kuzov.engine.photo_input.MOST_FURTHER_CARS", 2)
    photo = street.read_bytes()
    assert [len(parts) for parts in read_photos([photo] * 2, 64, "cars")] == [2, 2]
    assert len(read_photos([photo] * 3, 64, "car")) == 3
    text = "The first 3 photos of this request show 6 cars, which are too many for one. "
    with raises(RequestError, f"{text}Send fewer photos at a time.", ErrorCode.INVALID):
        read_photos([photo] * 3, 64, "cars")
