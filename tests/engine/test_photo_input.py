from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kuzov.engine.photo_input import decode_photos
from kuzov.errors import ErrorCode, OverloadedError, RequestError
from kuzov.images.framing import read_frame
from tests.errors import raises

BROKEN = "is broken or cut short; replace it with a whole copy of the photo"


@pytest.fixture
def photos(synthetic_photos: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted((synthetic_photos / "test").iterdir())]


def test_photos_become_one_tensor(photos: list[bytes]) -> None:
    images = decode_photos(photos, 64)
    assert (images.shape, str(images.dtype)) == ((3, 64, 64, 3), "float32")
    np.testing.assert_array_equal(images, np.stack([read_frame(photo, 64) for photo in photos]))


def test_no_photos_become_an_empty_tensor() -> None:
    assert decode_photos([], 64).shape == (0, 64, 64, 3)


@pytest.mark.parametrize(
    ("photo", "kind", "reason"),
    [
        (b"", "empty_image", "is empty; replace it with a whole copy of the photo"),
        (b"text", "no_image", "is not a photo in a supported format; use JPEG, PNG, WebP, BMP or GIF"),
        (b"\xff\xd8\xff", "broken_image", BROKEN),
    ],
)
def test_a_photo_that_can_not_be_decoded_is_named_by_its_row(
    photos: list[bytes], photo: bytes, kind: str, reason: str
) -> None:
    with pytest.raises(RequestError) as caught:
        decode_photos([photos[0], photo], 64)
    assert (caught.value.code, str(caught.value)) == (ErrorCode.INVALID, f"image_bytes[1]: {reason}")
    assert caught.value.reason == kind


def test_a_photo_larger_than_allowed_is_refused() -> None:
    encoded: Any = io.BytesIO()
    Image.new("RGB", (11, 10)).save(encoded, "PNG")
    assert decode_photos([encoded.getvalue()], 64, max_pixels=110).shape == (1, 64, 64, 3)
    with raises(RequestError, "image_bytes[0]: claims more than 109 pixels; make it smaller") as caught:
        decode_photos([encoded.getvalue()], 64, max_pixels=109)
    assert caught.value.reason == "large_image"


def test_many_large_photos_are_too_many_for_one_request() -> None:
    encoded: Any = io.BytesIO()
    Image.new("RGB", (100, 100)).save(encoded, "PNG")
    photo = encoded.getvalue()
    assert decode_photos([photo] * 8, 64, max_pixels=10_000).shape == (8, 64, 64, 3)
    with pytest.raises(RequestError) as caught:
        decode_photos([photo] * 9, 64, max_pixels=10_000)
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
        decode_photos(photos, 64)
