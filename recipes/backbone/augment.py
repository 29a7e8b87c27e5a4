"""Random views of a tightly cropped car, as a user's photo would show it."""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from recipes.backbone.photos import Pixels
from recipes.backbone.recipe import Augmentation

Box = tuple[float, float, float, float]  # left, top, right, bottom

BACKGROUND_PX = 12


def augment(pixels: Pixels, image_px: int, options: Augmentation, rng: np.random.Generator) -> Pixels:
    """A random view.

    Args:
        pixels: The photo, RGB uint8 (height, width, 3).
        image_px: Side of the view.
        options: How strongly.
        rng: Draws what is random.

    Returns:
        RGB uint8 (image_px, image_px, 3).
    """
    photo = Image.fromarray(pixels)
    canvas = _canvas(photo.width, photo.height, options, rng)
    view = _paste(photo, _crop(canvas, options, rng), image_px, rng)
    if rng.random() < 0.5:
        view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < options.blurred:
        view = view.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.5, 2.0)) * image_px / 224))
    view = _recolour(view, options, rng)
    if rng.random() < options.erased:
        _erase(view, rng)
    if rng.random() < options.night:
        view = _darken(view, rng)
    if rng.random() < options.compressed:
        view = _compress(view, rng)
    return np.asarray(view)


def _canvas(width: int, height: int, options: Augmentation, rng: np.random.Generator) -> Box:
    """Where the canvas lies around the photo, in the photo's pixels."""
    if rng.random() >= options.zoom_out:
        return 0, 0, width, height
    wider, higher = rng.uniform(1, options.zoom_out_most, 2)
    left, top = -rng.uniform(0, wider - 1) * width, -rng.uniform(0, higher - 1) * height
    return left, top, left + wider * width, top + higher * height


def _crop(canvas: Box, options: Augmentation, rng: np.random.Generator) -> Box:
    """A random part of the canvas, in the photo's pixels."""
    left, top, right, bottom = canvas
    area = rng.uniform(options.least_area, 1)
    stretch = math.exp(rng.uniform(-1, 1) * math.log(options.aspect) / 2)
    width = min(1.0, math.sqrt(area) * stretch) * (right - left)
    height = min(1.0, math.sqrt(area) / stretch) * (bottom - top)
    left += rng.uniform(0, right - left - width)
    top += rng.uniform(0, bottom - top - height)
    return left, top, left + width, top + height


def _paste(photo: Image.Image, crop: Box, image_px: int, rng: np.random.Generator) -> Image.Image:
    """The crop stretched to a square; where the photo does not reach, a background shows."""
    left, top, right, bottom = crop
    inner = (max(left, 0), max(top, 0), min(right, photo.width), min(bottom, photo.height))
    if inner == crop:
        return photo.resize((image_px, image_px), Image.Resampling.BILINEAR, inner)
    view = _background(photo, image_px, rng)
    across, down = image_px / (right - left), image_px / (bottom - top)
    place = (round((inner[0] - left) * across), round((inner[1] - top) * down))
    corner = (round((inner[2] - left) * across), round((inner[3] - top) * down))
    size = (corner[0] - place[0], corner[1] - place[1])
    if min(size) > 0:
        view.paste(photo.resize(size, Image.Resampling.BILINEAR, inner), place)
    return view


def _background(photo: Image.Image, image_px: int, rng: np.random.Generator) -> Image.Image:
    """One colour, or the photo's own blurred stretch."""
    if rng.random() < 0.5:
        red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
        return Image.new("RGB", (image_px, image_px), (red, green, blue))
    small = photo.resize((BACKGROUND_PX, BACKGROUND_PX), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return small.resize((image_px, image_px), Image.Resampling.BICUBIC)


def _recolour(view: Image.Image, options: Augmentation, rng: np.random.Generator) -> Image.Image:
    view = ImageEnhance.Color(view).enhance(float(rng.uniform(*options.saturation)))
    gains = rng.uniform(*options.brightness) * (1 + options.white_balance * rng.uniform(-1, 1, 3))
    table = np.arange(256)[None] * gains[:, None]
    return view.point(np.rint(table.clip(0, 255)).astype(int).ravel().tolist())


def _erase(view: Image.Image, rng: np.random.Generator) -> None:
    """Cover a rectangle of 2 to 20 % of the area with one colour."""
    side = view.width
    area, stretch = rng.uniform(0.02, 0.2), math.exp(rng.uniform(-1, 1) * math.log(3) / 2)
    width = min(side, round(side * math.sqrt(area) * stretch))
    height = min(side, round(side * math.sqrt(area) / stretch))
    left, top = int(rng.integers(0, side - width + 1)), int(rng.integers(0, side - height + 1))
    red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
    view.paste((red, green, blue), (left, top, left + width, top + height))


def _darken(view: Image.Image, rng: np.random.Generator) -> Image.Image:
    """As at dusk: shadows lost along a power curve, and a sensor's noise of up to 20 levels."""
    light = (np.asarray(view, np.float32) / 255) ** rng.uniform(1.3, 2.5)
    noise = rng.standard_normal(light.shape, np.float32) * np.float32(rng.uniform(2, 20))
    return Image.fromarray((light * 255 + noise).clip(0, 255).astype(np.uint8))


def _compress(view: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A JPEG of quality 15 to 60 out and in again, as a messenger leaves it."""
    stored = io.BytesIO()
    view.save(stored, "JPEG", quality=int(rng.integers(15, 61)))
    return Image.open(stored).convert("RGB")
