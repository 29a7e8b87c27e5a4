from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kuzov.cars import cut_out
from kuzov.cars.cut_out import MARGIN, MIDDLE, WHOLE, cut, cut_box, read_cut_out, read_cut_outs
from kuzov.images.decode import decode
from kuzov.records import Box, Car
from tests.encoded_photos import encode


def cars_at(monkeypatch: pytest.MonkeyPatch, *boxes: Box) -> None:
    """Have the detector find these cars in whatever photo."""
    found = tuple(Car(box=box, score=0.9) for box in boxes)
    monkeypatch.setattr(cut_out, "find_cars", lambda _, **__: found)


def test_a_car_is_cut_out_with_a_margin_inside_the_photo() -> None:
    box = cut_box(Car(box=(0.2, 0.5, 0.6, 1.0), score=0.9))
    assert box == pytest.approx((0.2 - 0.4 * MARGIN, 0.5 - 0.5 * MARGIN, 0.6 + 0.4 * MARGIN, 1.0))


def test_what_lies_outside_the_box_is_not_seen() -> None:
    photo = Image.new("RGB", (320, 160), "red")
    photo.paste((0, 0, 255), (80, 40, 240, 120))
    inner = cut(photo, (0.25, 0.25, 0.75, 0.75), 32)[1:-1, 1:-1]  # the filter reaches over the edge
    assert (inner == (0, 0, 255)).all()


@pytest.mark.parametrize(
    ("framing", "boxes"),
    [
        ("car", [(0.0, 0.0, 0.5, 1.0)]),
        ("cars", [(0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)]),
        ("whole", [WHOLE]),
        ("middle", [MIDDLE]),
    ],
)
def test_the_framing_says_what_is_shown(
    framing: str, boxes: list[Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    cars_at(monkeypatch, (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0))
    monkeypatch.setattr(cut_out, "cut_box", lambda car: WHOLE if car is None else car.box)
    parts = read_cut_outs(encode(Image.new("RGB", (64, 48)), "PNG"), 16, framing)
    assert [part.box for part in parts] == boxes
    assert all(part.pixels.shape == (16, 16, 3) and not part.no_car for part in parts)


@pytest.mark.parametrize("framing", ["car", "cars"])
@pytest.mark.parametrize("size", [(64, 48), (1, 1), (2000, 100)])
def test_without_a_car_the_whole_photo_is_shown_and_it_says_so(framing: str, size: tuple[int, int]) -> None:
    (part,) = read_cut_outs(encode(Image.new("RGB", size, (1, 2, 3)), "PNG"), 16, framing)
    assert (part.box, part.car, part.no_car) == (WHOLE, None, True)
    assert (part.pixels == (1, 2, 3)).all()


@pytest.mark.parametrize("box", [WHOLE, (0.4, 0.4, 0.5, 0.5)])
def test_a_large_photo_is_cut_as_if_it_were_decoded_whole(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(0)
    colours = Image.fromarray(chance.integers(0, 256, (12, 16, 3), np.uint8))
    encoded = io.BytesIO()
    colours.resize((1600, 1200), Image.Resampling.BICUBIC).save(encoded, "JPEG", quality=90)
    cars_at(monkeypatch, box)
    quick = read_cut_out(encoded.getvalue(), 64)
    whole = cut(decode(encoded.getvalue()), quick.box, 64)
    assert np.abs(quick.pixels.astype(int) - whole).max() <= 4


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "photo.png"
    Image.new("RGB", (64, 48), "blue").save(file)
    assert (read_cut_out(file, 8).pixels == (0, 0, 255)).all()
