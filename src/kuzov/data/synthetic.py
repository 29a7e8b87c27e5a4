"""Drawn cars, for trying kuzov without photos: the offline demo and the tests.

Side views whose body tells the class; colour, background, place, size and direction tell nothing. They
are easy, so what a recogniser reaches on them says nothing about photos.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

Point = tuple[float, float]
Colour = tuple[int, int, int]

# Drawn this many times larger, then reduced, for smooth edges.
_OVERSAMPLING = 3
_GLASS: Colour = (60, 75, 90)
_TYRE: Colour = (25, 25, 28)
_RIM: Colour = (175, 178, 182)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A kind of car, seen from the left; x runs 0..1 from bumper to bumper, y up, in the same unit.

    Attributes:
        id: Class id.
        en: Display name in English.
        ru: Display name in Russian.
        outline: Corners of the painted body.
        windows: Corners of each pane.
        wheels: x of the two axles.
        wheel_radius: Outer radius of the tyres; the axles stand as high above the road.
    """

    id: str
    en: str
    ru: str
    outline: tuple[Point, ...]
    windows: tuple[tuple[Point, ...], ...]
    wheels: tuple[float, float]
    wheel_radius: float


BODIES = (
    Body(
        id="sedan",
        en="Sedan",
        ru="Седан",
        outline=((0, 0.07), (0.01, 0.19), (0.24, 0.22), (0.36, 0.31), (0.63, 0.31), (0.76, 0.22),
                 (0.98, 0.20), (1, 0.07)),
        windows=(((0.29, 0.22), (0.38, 0.29), (0.49, 0.29), (0.49, 0.22)),
                 ((0.51, 0.22), (0.51, 0.29), (0.62, 0.29), (0.71, 0.22))),
        wheels=(0.19, 0.80),
        wheel_radius=0.068,
    ),
    Body(
        id="suv",
        en="SUV",
        ru="Внедорожник",
        outline=((0, 0.11), (0.01, 0.26), (0.22, 0.28), (0.30, 0.42), (0.94, 0.42), (0.99, 0.27), (1, 0.11)),
        windows=(((0.26, 0.29), (0.32, 0.39), (0.50, 0.39), (0.50, 0.29)),
                 ((0.52, 0.29), (0.52, 0.39), (0.71, 0.39), (0.71, 0.29)),
                 ((0.73, 0.29), (0.73, 0.39), (0.91, 0.39), (0.94, 0.29))),
        wheels=(0.20, 0.79),
        wheel_radius=0.092,
    ),
    Body(
        id="hatchback",
        en="Hatchback",
        ru="Хэтчбек",
        outline=((0, 0.08), (0.01, 0.22), (0.22, 0.26), (0.38, 0.39), (0.80, 0.38), (0.97, 0.25), (1, 0.08)),
        windows=(((0.28, 0.26), (0.40, 0.36), (0.54, 0.36), (0.54, 0.26)),
                 ((0.57, 0.26), (0.57, 0.36), (0.78, 0.35), (0.88, 0.26))),
        wheels=(0.18, 0.83),
        wheel_radius=0.082,
    ),
    Body(
        id="pickup",
        en="Pickup",
        ru="Пикап",
        outline=((0, 0.10), (0.01, 0.22), (0.21, 0.24), (0.28, 0.36), (0.54, 0.36), (0.57, 0.22),
                 (0.99, 0.22), (1, 0.10)),
        windows=(((0.25, 0.24), (0.30, 0.34), (0.40, 0.34), (0.40, 0.24)),
                 ((0.42, 0.24), (0.42, 0.34), (0.52, 0.34), (0.53, 0.24))),
        wheels=(0.18, 0.79),
        wheel_radius=0.080,
    ),
    Body(
        id="minivan",
        en="Minivan",
        ru="Минивэн",
        outline=((0, 0.07), (0.02, 0.20), (0.10, 0.25), (0.28, 0.41), (0.93, 0.42), (0.99, 0.30), (1, 0.07)),
        windows=(((0.15, 0.26), (0.29, 0.38), (0.42, 0.38), (0.42, 0.26)),
                 ((0.44, 0.26), (0.44, 0.38), (0.67, 0.39), (0.67, 0.26)),
                 ((0.69, 0.26), (0.69, 0.39), (0.91, 0.39), (0.95, 0.26))),
        wheels=(0.17, 0.81),
        wheel_radius=0.070,
    ),
)  # fmt: skip


def render_cars(
    folder: Path,
    *,
    classes: int = 3,
    train: int = 8,
    validation: int = 3,
    seed: int = 0,
    size: tuple[int, int] = (320, 220),
) -> Path:
    """Draw a small set: train/CLASS/1.jpg …, validation/CLASS/1.jpg …, test/CLASS.jpg and classes.toml.

    Args:
        folder: Is made where it is missing; files of these names in it are replaced.
        classes: How many kinds of cars, 2..5, in the order of BODIES.
        train: Pictures a class to learn from.
        validation: Pictures a class to judge by.
        seed: The same seed draws the same pictures; a picture does not depend on how many there are.
        size: Width and height of each picture in pixels.

    Returns:
        The folder.

    Raises:
        ValueError: There are not so many kinds of cars.
    """
    if not 2 <= classes <= len(BODIES):
        raise ValueError(f"classes is {classes}; it must be 2..{len(BODIES)}")
    for kind, body in enumerate(BODIES[:classes]):
        for side, (part, count) in enumerate((("train", train), ("validation", validation))):
            (folder / part / body.id).mkdir(parents=True, exist_ok=True)
            for number in range(count):
                picture = draw_car(body, size, np.random.default_rng([seed, kind, side, number]))
                picture.save(folder / part / body.id / f"{number + 1}.jpg", quality=90)
        (folder / "test").mkdir(exist_ok=True)
        draw_car(body, size, np.random.default_rng([seed, kind, 2])).save(folder / "test" / f"{body.id}.jpg")
    names = [f'[{body.id}]\nen = "{body.en}"\nru = "{body.ru}"\n' for body in BODIES[:classes]]
    (folder / "classes.toml").write_text("\n".join(names), encoding="utf-8")
    return folder


def draw_car(body: Body, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """One picture, RGB, `size` pixels wide and high: the car on a road, facing left or right."""
    width, height = (side * _OVERSAMPLING for side in size)
    picture = Image.new("RGB", (width, height))
    canvas = ImageDraw.Draw(picture)
    road = height * rng.uniform(0.72, 0.86)
    _draw_background(canvas, width, height, road, rng)

    length = min(width * rng.uniform(0.62, 0.86), height * 1.5)
    left = rng.uniform(0.02 * width, 0.98 * width - length)
    ground = road + rng.uniform(0.02, 0.10) * height
    mirrored = rng.random() < 0.5

    def place(point: Point) -> Point:
        x = 1 - point[0] if mirrored else point[0]
        return left + x * length, ground - point[1] * length

    _draw_body(canvas, body, place, length, _paint(rng))
    return picture.resize(size, Image.Resampling.BOX)


def _paint(rng: np.random.Generator) -> Colour:
    """A car's colour: any hue, dull or bright, dark or light."""
    base, tint = rng.uniform(40, 215), rng.uniform(-60, 60, size=3)
    red, green, blue = np.clip(base + tint, 15, 245).astype(int).tolist()
    return red, green, blue


def _draw_background(
    canvas: ImageDraw.ImageDraw, width: int, height: int, road: float, rng: np.random.Generator
) -> None:
    canvas.rectangle((0, 0, width, height), fill=_shade((150, 185, 220), rng))
    for _ in range(rng.integers(2, 7)):  # houses or trees
        x, half = rng.uniform(0, width), rng.uniform(0.04, 0.16) * width
        top = road - rng.uniform(0.1, 0.6) * height
        canvas.rectangle((x - half, top, x + half, road), fill=_shade((135, 130, 115), rng))
    canvas.rectangle((0, road, width, height), fill=_shade((105, 105, 108), rng))


def _shade(colour: Colour, rng: np.random.Generator) -> Colour:
    red, green, blue = np.clip(np.array(colour) + rng.uniform(-45, 45, size=3), 0, 255).astype(int).tolist()
    return red, green, blue


def _draw_body(
    canvas: ImageDraw.ImageDraw,
    body: Body,
    place: Callable[[Point], Point],
    length: float,
    paint: Colour,
) -> None:
    shadow = [place((-0.02, 0.02)), place((1.02, -0.02))]
    xs, ys = sorted(x for x, _ in shadow), sorted(y for _, y in shadow)
    canvas.ellipse((xs[0], ys[0], xs[1], ys[1]), fill=(55, 55, 58))
    canvas.polygon([place(point) for point in body.outline], fill=paint)
    for window in body.windows:
        canvas.polygon([place(point) for point in window], fill=_GLASS)
    for axle in body.wheels:
        centre = place((axle, body.wheel_radius))
        canvas.circle(centre, body.wheel_radius * length, fill=_TYRE)
        canvas.circle(centre, 0.6 * body.wheel_radius * length, fill=_RIM)
