"""From a photo's file or bytes to upright RGB pixels.

The format is told by the content, never by the name. Pillow's own `Image.open` is left aside: it warns of
large photos at a limit that the host program sets, and suppressing a warning changes the filters of every
thread. So the plugin is chosen here, and the size and the scans are judged here before a pixel is decoded.
"""

from __future__ import annotations

import os
import stat
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    ImageChops,
    ImageFile,
    PngImagePlugin,
    WebPImagePlugin,
)

from kuzov.errors import KuzovError, PhotoError, reason_of
from kuzov.images import formats, reasons
from kuzov.images.formats import PROBE_BYTES, format_of
from kuzov.images.given import from_array, from_pillow
from kuzov.images.heif import read_heif
from kuzov.images.jpeg import MOST_MISSING, Jpeg
from kuzov.images.orientation import TURNS, orientation
from kuzov.images.reasons import (
    BROKEN,
    CAN_NOT_BE_READ,
    EMPTY,
    FOLDER,
    LACKS_END,
    NO_FILE,
    NOT_A_FILE,
    TOO_LARGE,
    foreign,
)
from kuzov.images.structure import check_bmp, check_webp, excerpt, gif_parts, largest_icon, png_parts
from kuzov.words import Words, number

try:
    from pi_heif import HeifImageFile
except ImportError:  # no wheel of it fits everywhere
    HeifImageFile = None

MAX_PIXELS = 100_000_000

MOST_HIDDEN = 3
"""A HEIC or AVIF may have so many times the largest photo's pixels, counting planes of transparency, tiles
that reach over its edge, and small versions of it."""

_REDUCTIONS = (8, 4, 2)
# Programs that know no transparency leave 0 in the place for it.
_UNFILLED_ALPHA = (BmpImagePlugin.BmpImageFile, IcoImagePlugin.IcoImageFile)
# catch_warnings works on the whole process; those that need it take turns, for their headers only.
_quiet = threading.Lock()


Photo: TypeAlias = str | os.PathLike[str] | bytes | Image.Image | Image.SupportsArrayInterface


def decode(
    source: Photo,
    *,
    name: str | None = None,
    at_least_px: int | None = None,
    max_pixels: int = MAX_PIXELS,
    admit: Callable[[int], None] | None = None,
) -> Image.Image:
    """Decode a photo: JPEG, PNG, WebP, HEIC, AVIF, BMP, GIF or ICO, of an animation the first frame.

    It becomes RGB, turned upright by its EXIF orientation; what is transparent becomes white. Metadata go,
    and colour profiles are not applied.

    `info["size"]` of the image is the photo's width and height, which a fraction of may have been decoded;
    `info["note"]` is what the user should know of it, as Words, where there is something.

    Args:
        source: A path, the encoded photo itself, or one decoded elsewhere: an image of Pillow's, or an array
            of RGB, uint8 (H, W, 3).
        name: What errors call the photo; the path, or "photo", where it is not given.
        at_least_px: A JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, which is a few times quicker, where
            both its sides divide by that, and keep so many pixels; by default it is decoded whole.
        max_pixels: The largest photo that is decoded, by the size that its header tells.
        admit: Called with the pixels that the header tells, before any is decoded; it may raise a KuzovError.

    Raises:
        PhotoError: It can't be read, is too large, or of more parts than any honest photo has.
        MemoryError: There is not enough for its pixels.
    """
    shown = name or (os.fspath(source) if isinstance(source, str | os.PathLike) else "photo")
    try:
        image = _read_header(source, shown)
        _judge(image, shown, max_pixels, admit)
        width = image.width
        if at_least_px is not None and isinstance(image, Jpeg):
            _reduce(image, at_least_px)
        reduction = width // image.width
        _load(image)
        upright = _upright(image)
    except (KuzovError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise PhotoError(shown, TOO_LARGE.fill(most=number(max_pixels)), "large_image") from error
    except Exception as error:
        # Damaged photos make the plugins raise nearly anything: OSError, SyntaxError, struct.error, …
        raise PhotoError(shown, BROKEN, "broken_image") from error
    # What else it carried, such as the orientation, is done with.
    upright.info = {"size": (upright.width * reduction, upright.height * reduction)}
    if isinstance(image, Jpeg) and image.lacks_end:
        upright.info["note"] = LACKS_END
    return upright


def encoded(path: str | os.PathLike[str], name: str | None = None) -> bytes:
    """The bytes of a photo's file, to be decoded; of a file that is no photo no more than the first few.

    Raises:
        PhotoError: It can't be read; `name` is as `decode` takes it.
    """
    shown = name or os.fspath(path)
    try:
        mode = Path(path).stat().st_mode
        if not stat.S_ISREG(mode):
            raise PhotoError(shown, FOLDER if stat.S_ISDIR(mode) else NOT_A_FILE)
        with Path(path).open("rb") as file:
            start = file.read(PROBE_BYTES)
            return start + file.read() if format_of(start) else start
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise PhotoError(shown, NO_FILE) from error
    except OSError as error:
        raise PhotoError(shown, CAN_NOT_BE_READ.fill(why=reason_of(error))) from error


def _read_header(source: Photo, name: str) -> Image.Image:
    """An image whose size is known, and whose pixels may be decoded once that is admitted."""
    if isinstance(source, Image.Image):
        return from_pillow(source, name)
    if not isinstance(source, str | os.PathLike | bytes | bytearray | memoryview):
        return from_array(source, name)
    content = encoded(source, name) if isinstance(source, str | os.PathLike) else bytes(source)
    if not content:
        raise PhotoError(name, EMPTY, "empty_image")
    found = format_of(content[:PROBE_BYTES])
    if found is None:
        raise _refusal(name, foreign(content[:PROBE_BYTES]))
    return _OPENERS[found](content, name)


def _refusal(name: str, what: Words) -> PhotoError:
    return PhotoError(name, what, "no_image")


def _open_png(content: bytes, name: str) -> Image.Image:
    return PngImagePlugin.PngImageFile(excerpt(content, png_parts(content, name)))


def _open_webp(content: bytes, name: str) -> Image.Image:
    check_webp(content, name)
    return WebPImagePlugin.WebPImageFile(BytesIO(content))


def _open_bmp(content: bytes, name: str) -> Image.Image:
    check_bmp(content, name)
    return BmpImagePlugin.BmpImageFile(BytesIO(content))


def _open_gif(content: bytes, name: str) -> Image.Image:
    parts = excerpt(content, gif_parts(content, name))
    with _no_warnings():  # of a large frame
        return GifImagePlugin.GifImageFile(parts)


def _open_ico(content: bytes, name: str) -> Image.Image:
    icon = largest_icon(content)
    if format_of(icon) == formats.PNG:
        return _open_png(icon, name)
    with _no_warnings():  # of another size than the list of icons tells
        return IcoImagePlugin.IcoImageFile(BytesIO(icon))


def _open_heif(content: bytes, name: str) -> Image.Image:
    """HEIC or AVIF: which of the two it is, the coded picture says, not the brand."""
    heif = read_heif(content, name)
    if heif.codec == b"av01":
        if not AvifImagePlugin.SUPPORTED:
            raise _refusal(name, reasons.NO_AVIF)
        with _no_warnings():  # of a damaged EXIF block
            image: ImageFile.ImageFile = AvifImagePlugin.AvifImageFile(BytesIO(heif.content))
    elif heif.codec != b"hvc1":
        raise _refusal(name, reasons.OTHER_HEIF)
    elif HeifImageFile is None:
        raise _refusal(name, reasons.NO_HEIF)
    else:
        image = HeifImageFile(BytesIO(heif.content))
    image.info.pop("xmp", None)  # the boxes alone say how it is turned
    image.info["coded_pixels"] = heif.pixels
    return image


@contextmanager
def _no_warnings() -> Iterator[None]:
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


_OPENERS: Mapping[str, Callable[[bytes, str], Image.Image]] = {
    formats.JPEG: Jpeg.of,
    formats.PNG: _open_png,
    formats.WEBP: _open_webp,
    formats.BMP: _open_bmp,
    formats.GIF: _open_gif,
    formats.ICO: _open_ico,
    formats.HEIF: _open_heif,
    formats.AVIF: _open_heif,
}


def _judge(image: Image.Image, name: str, max_pixels: int, admit: Callable[[int], None] | None) -> None:
    # Of a JPEG too, whatever it is reduced to: a progressive one fills the memory of its whole size.
    pixels = image.width * image.height
    if pixels > max_pixels or image.info.get("coded_pixels", 0) > MOST_HIDDEN * max_pixels:
        raise PhotoError(name, TOO_LARGE.fill(most=number(max_pixels)), "large_image")
    if admit is not None:
        admit(max(pixels, image.info.get("coded_pixels", 0) // MOST_HIDDEN))


def _reduce(jpeg: Jpeg, at_least_px: int) -> None:
    """Have the pixels decoded at the smallest size that is allowed.

    Sides that don't divide would end in a pixel of which a part lies outside, and shift what is framed.
    """
    for scale in _REDUCTIONS:
        (width, left), (height, below) = divmod(jpeg.width, scale), divmod(jpeg.height, scale)
        if left == below == 0 and min(width, height) >= at_least_px:
            jpeg.draft(None, (width, height))
            return


def _load(image: Image.Image) -> None:
    image.load()
    if isinstance(image, Jpeg) and image.missing() > MOST_MISSING:
        raise ValueError("cut short")


def _upright(image: Image.Image) -> Image.Image:
    # A PNG may bring its EXIF block after the pixels, so only now.
    turn = TURNS.get(orientation(image.info))
    rgb = _to_rgb(image)
    return rgb if turn is None else rgb.transpose(turn)


def _to_rgb(image: Image.Image) -> Image.Image:
    """An RGB image: 16-bit grey scaled to 8 bits, transparency laid on white.

    What is in the right mode already is not copied: 50 megapixels take 200 MB.
    """
    if image.mode in {"I", "I;16"}:  # which of the two it is depends on Pillow's version
        image = _grey_of_16_bits(image)
    if not image.has_transparency_data:
        return image._new(image.im) if image.mode == "RGB" else image.convert("RGB")
    rgba = image if image.mode == "RGBA" else image.convert("RGBA")
    if isinstance(image, _UNFILLED_ALPHA) and rgba.getchannel("A").getextrema() == (0, 0):
        return rgba.convert("RGB")
    white = Image.new("RGB", image.size, "white")
    white.paste(rgba, mask=rgba)
    return white


def _grey_of_16_bits(image: Image.Image) -> Image.Image:
    """Keep the high bytes, where Pillow would clip at 255: (H, W) 0..65535 to L or LA, 0..255."""
    pixels = image.convert("I;16").tobytes()  # little-endian
    grey = Image.frombytes("L", image.size, pixels[1::2])
    transparent = image.info.get("transparency")
    if transparent is None:
        return grey
    low = Image.frombytes("L", image.size, pixels[0::2])
    same_high = grey.point([255 * (value == transparent >> 8) for value in range(256)])
    same_low = low.point([255 * (value == transparent & 0xFF) for value in range(256)])
    alpha = ImageChops.invert(ImageChops.multiply(same_high, same_low))
    return Image.merge("LA", (grey, alpha))
