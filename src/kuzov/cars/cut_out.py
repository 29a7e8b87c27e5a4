"""Which part of a photo the network sees: the car, cut out.

This is the one definition of the way from an encoded photo to the network's pixels; `kuzov.model.graph`
states it once more in TensorFlow's operations for the exported graph, and a test holds the two together.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import Image

from kuzov.cars.detector import find_cars
from kuzov.images.decode import MAX_PIXELS, Photo, decode
from kuzov.images.framing import SPARE_PIXELS, Pixels, least_side, resize_box
from kuzov.records import LEAST_CAR_PX, MOST_CARS, Box, Car
from kuzov.words import Words

# Room around the found car on each side, as a part of the box's side.
MARGIN = 0.04
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
MIDDLE: Box = (0.05, 0.05, 0.95, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOut:
    """A part of a photo as the network sees it.

    Attributes:
        pixels: RGB uint8, (image_px, image_px, 3).
        box: That part, as fractions of the photo's sides.
        car: The car that it was cut out for, with this box; None where the whole photo or its middle
            is shown.
        no_car: Whether a car was looked for, and none found.
        note: What the user should know of the photo, as `decode` tells it; or None.
    """

    pixels: Pixels
    box: Box
    car: Car | None
    no_car: bool = False
    note: Words | None = None


def cut_box(car: Car | None, margin: float = MARGIN) -> Box:
    """A car's box with its margin, inside the photo; the whole photo where there is no car."""
    if car is None:
        return WHOLE
    left, top, right, bottom = car.box
    across, down = margin * (right - left), margin * (bottom - top)
    return max(0.0, left - across), max(0.0, top - down), min(1.0, right + across), min(1.0, bottom + down)


def cut(image: Image.Image, box: Box, image_px: int) -> Pixels:
    """Stretch a part of an RGB photo, in fractions, to the square: uint8 (image_px, image_px, 3)."""
    left, top, right, bottom = box
    width, height = image.size
    return resize_box(image, (left * width, top * height, right * width, bottom * height), image_px)


def read_parts(
    source: Photo,
    image_px: int,
    framing: str = "car",
    *,
    name: str | None = None,
    max_pixels: int = MAX_PIXELS,
    admit: Callable[[int], None] | None = None,
) -> tuple[Image.Image, list[tuple[Box, Car | None]]]:
    """Decode a photo, no larger than needed, and find the parts that the network is shown, each with its car.

    Args:
        source: As `decode` takes it.
        image_px: Side of the network's square, in pixels, which the parts are to fill.
        framing: "car", the most prominent one, and the whole photo where there is none; "cars", each of them,
            likewise; "whole", the photo as it is; "middle", nine tenths of its sides, as bundles of the first
            form were taught.
        name: As `decode` takes it.
        max_pixels: Likewise.
        admit: Likewise.

    Raises:
        PhotoError: It can't be read.
        InstallationError: The detector can't be loaded.
    """
    least_px = math.ceil(least_side(image_px) / (0.9 if framing == "middle" else 1))
    image = decode(source, name=name, at_least_px=least_px, max_pixels=max_pixels, admit=admit)

    def decode_again(at_least_px: int) -> Image.Image:
        return decode(source, name=name, at_least_px=at_least_px, max_pixels=max_pixels)

    return find_parts(image, decode_again, image_px, framing)


def find_parts(
    image: Image.Image, decode_again: Callable[[int], Image.Image], image_px: int, framing: str = "car"
) -> tuple[Image.Image, list[tuple[Box, Car | None]]]:
    """`read_parts` of a photo that is decoded with `least_side(image_px)`, or more for the middle, already.

    A small car needs more of the photo's own pixels: `decode_again` gives so many, as `decode` does.
    """
    parts = _parts(image, framing)
    smallest = min(_shorter_side(image, box) for box, _ in parts)
    if smallest < image_px and image.size != image.info["size"]:
        image = decode_again(math.ceil(min(image.size) * SPARE_PIXELS * image_px / smallest))
    return image, parts


def read_cut_outs(
    source: Photo,
    image_px: int,
    framing: str = "car",
    *,
    name: str | None = None,
    max_pixels: int = MAX_PIXELS,
    admit: Callable[[int], None] | None = None,
    least_car_px: int = LEAST_CAR_PX,
) -> list[CutOut]:
    """What the network is shown of a photo, cut out; one part at least.

    `read_parts` tells of the arguments, but of `least_car_px`, under which a car's side is small.

    Raises:
        PhotoError: It can't be read.
        InstallationError: The detector can't be loaded.
    """
    image, parts = read_parts(source, image_px, framing, name=name, max_pixels=max_pixels, admit=admit)
    searched, size = framing in {"car", "cars"}, image.info["size"]
    return [
        CutOut(
            pixels=cut(image, box, image_px),
            box=box,
            car=car and replace(car, box=box).measured(size, least_car_px),
            no_car=searched and car is None,
            note=image.info.get("note"),
        )
        for box, car in parts
    ]


def read_cut_out(source: Photo, image_px: int, framing: str = "car") -> CutOut:
    """`read_cut_outs` where one part is wanted: that of the most prominent car."""
    return read_cut_outs(source, image_px, framing)[0]


def _parts(image: Image.Image, framing: str) -> list[tuple[Box, Car | None]]:
    if framing == "middle":
        return [(MIDDLE, None)]
    cars: tuple[Car | None, ...] = ()
    if framing != "whole":
        cars = find_cars(image, every=framing == "cars")
    most = MOST_CARS if framing == "cars" else 1
    return [(cut_box(car), car) for car in (cars or (None,))[:most]]


def _shorter_side(image: Image.Image, box: Box) -> float:
    left, top, right, bottom = box
    return max(1.0, min((right - left) * image.width, (bottom - top) * image.height))
