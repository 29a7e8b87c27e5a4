"""Heat maps as pictures.

Coloured by "inferno": it brightens evenly from black to yellow, so it reads the same in grey and to people
who see few colours. The photo under it is grey, so that every colour is heat.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image

from kuzov.atomic import written_whole
from kuzov.cars.cut_out import WHOLE
from kuzov.errors import ConfigError, KuzovError, reason_of
from kuzov.explain.feature_maps import Array
from kuzov.images.decode import MAX_PIXELS, decode
from kuzov.images.framing import Pixels
from kuzov.records import Box
from kuzov.words import Words

_NO_FORMAT = Words(
    "A picture can't be written to {file}: its name must end in {endings}.",
    "Картинку не записать в {file}: имя должно кончаться на {endings}.",
)
_UNWRITABLE = Words("The picture {file} can't be written: {why}.", "Картинку {file} не записать: {why}.")

INFERNO = np.frombuffer(
    bytes.fromhex(
        "000004 0a0722 1e0c45 380962 510e6c 69166e 801f6c 982766 b0315b"
        "c63d4d d94d3d e9612b f47918 fa9407 fcb014 f8cd37 f2ea69 fcffa4"
    ),
    np.uint8,
).reshape(-1, 3)
"""RGB at even steps from cold to hot; between them it is a line, within 6 of 255 of Matplotlib's."""

OPACITY = 0.6
GAP_PX = 8
LONGEST_SIDE_PX = 800
SHORTER_SIDE_PX = 600  # that of most photos whose longer one is that; a large photo is decoded no larger

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
"""What a picture is written as, by its file's extension in lower case."""

_STEPS, _LEVELS = np.linspace(0, 255, len(INFERNO)), np.arange(256)
_COLOURS = np.stack([np.interp(_LEVELS, _STEPS, channel) for channel in INFERNO.T], axis=1)
_PALETTE = np.rint(_COLOURS).astype(np.uint8).tobytes()


def read_part(
    photo: str | os.PathLike[str] | bytes, box: Box = WHOLE, *, max_pixels: int = MAX_PIXELS
) -> Image.Image:
    """A part of a photo, in fractions of its sides, as it is: RGB, 800 pixels or less a side.

    `max_pixels` bounds the photo, as `kuzov.images.decode.decode` takes it.

    Raises:
        PhotoError: It can't be read.
    """
    seen = part_of(decode(photo, at_least_px=SHORTER_SIDE_PX, max_pixels=max_pixels), box)
    seen.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    return seen


def part_of(image: Image.Image, box: Box) -> Image.Image:
    """A part of a decoded photo, in fractions of its sides; a pixel at least."""
    left, right = (round(side * image.width) for side in box[::2])
    top, bottom = (round(side * image.height) for side in box[1::2])
    return image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


def draw_heat(heat: Array, size: tuple[int, int] | None = None) -> Image.Image:
    """A heat map in colours.

    Args:
        heat: (H, W) in 0..1.
        size: Width and height of the picture, in pixels; the heat map's own by default.
    """
    image = Image.fromarray(np.rint(255 * np.clip(heat, 0, 1)).astype(np.uint8))
    if size is not None:
        image = image.resize(size, Image.Resampling.BICUBIC)
    image.putpalette(_PALETTE)
    return image.convert("RGB")


def overlay(photo: Pixels | Image.Image, heat: Array) -> Image.Image:
    """A heat map over the photo in grey.

    Args:
        photo: The network's frame, uint8 (H, W, 3), or the same part of the photo in any size.
        heat: (H, W) in 0..1.

    Returns:
        RGB, of the photo's size.
    """
    image = photo if isinstance(photo, Image.Image) else Image.fromarray(photo)
    return Image.blend(image.convert("L").convert("RGB"), draw_heat(heat, image.size), OPACITY)


def side_by_side(photo: Pixels | Image.Image, heat: Array) -> Image.Image:
    """The photo, its heat map and the one over the other, from left to right; arguments as for `overlay`."""
    image = photo if isinstance(photo, Image.Image) else Image.fromarray(photo)
    panels = (image, draw_heat(heat, image.size), overlay(image, heat))
    step = image.width + GAP_PX
    row = Image.new("RGB", (len(panels) * step - GAP_PX, image.height), "white")
    for place, panel in enumerate(panels):
        row.paste(panel, (place * step, 0))
    return row


def find_format(file: Path) -> str:
    """Pillow's name of the format that a file's extension means.

    Raises:
        ConfigError: It means none that pictures are written in.
    """
    try:
        return FORMATS[file.suffix.lower()]
    except KeyError:
        raise ConfigError(_NO_FORMAT.fill(file=str(file), endings=", ".join(FORMATS))) from None


def save(picture: Image.Image, file: Path) -> None:
    """Write a picture, whole or not at all, in place of an older one.

    Args:
        picture: RGB.
        file: Its extension decides the format; its folder is made if missing.

    Raises:
        ConfigError: The extension is of no such format.
        KuzovError: The file can't be written.
    """
    kind = find_format(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(file) as beside:
            picture.save(beside, kind, quality=90)
    except OSError as error:
        why = reason_of(error)
        raise KuzovError(_UNWRITABLE.fill(file=str(file), why=why)) from error
