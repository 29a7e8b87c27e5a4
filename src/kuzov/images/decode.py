"""From a photo's file or bytes to upright RGB pixels.

The format is told by the content, never by the name. Pillow's own `Image.open` is left aside: it warns of
large photos at a limit that the host program sets, and suppressing a warning changes the filters of every
thread. So the plugin is chosen here, and the size and the scans are judged here before a pixel is decoded.
"""

from __future__ import annotations

import os
import stat
import struct
import threading
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageChops,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from kuzov.errors import KuzovError, PhotoError
from kuzov.images.jpeg import jpeg_parts
from kuzov.images.structure import check_bmp, check_webp, excerpt, gif_parts, png_parts

MAX_PIXELS = 100_000_000

# What the names of photos end in.
EXTENSIONS = (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".bmp", ".gif")

NO_FILE = "no such file; check the path"
FOLDER = "is a folder, not a photo; give the path of one photo"
NOT_A_FILE = "is not an ordinary file; give the path of one photo"
EMPTY = "is empty; replace it with a whole copy of the photo"
UNSUPPORTED = "is not a photo in a supported format; use JPEG, PNG, WebP, BMP or GIF"
BROKEN = "is broken or cut short; replace it with a whole copy of the photo"
TOO_LARGE = "claims more than {:,} pixels; make it smaller"

_MAGIC_BYTES = 16
_ORIENTATION_TAG = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_REDUCTIONS = (8, 4, 2)
# catch_warnings works on the whole process; those that need it take turns, for their headers only.
_quiet = threading.Lock()


class _Jpeg(JpegImagePlugin.JpegImageFile):
    """A JPEG read up to a given end, whose EXIF is not parsed on opening: Pillow may warn of it."""

    end: int

    def getexif(self) -> Image.Exif:
        return Image.Exif()

    def load_read(self, read_bytes: int) -> bytes:
        assert self.fp is not None
        return super().load_read(max(0, min(read_bytes, self.end - self.fp.tell())))


_Plugin = type[ImageFile.ImageFile]


def decode(
    source: str | os.PathLike[str] | bytes,
    *,
    name: str | None = None,
    at_least_px: int | None = None,
    max_pixels: int = MAX_PIXELS,
    admit: Callable[[int], None] | None = None,
) -> Image.Image:
    """Decode a photo, by path or content: JPEG, PNG, WebP, BMP, or the first frame of a GIF or an animation.

    It becomes RGB, turned upright by its EXIF orientation; what is transparent becomes white. Metadata go,
    and colour profiles are not applied.

    `info["size"]` of the image is the photo's width and height, which a fraction of may have been decoded.

    Args:
        source: A path, or the encoded photo itself.
        name: What errors call the photo; the path, or "photo", where it is not given.
        at_least_px: A JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, which is a few times quicker, where
            both its sides divide by that, and keep so many pixels; by default it is decoded whole.
        max_pixels: The largest photo that is decoded, by the size that its header tells.
        admit: Called with the pixels that the header tells, before any is decoded; it may raise a KuzovError.

    Raises:
        PhotoError: It can't be read, is too large, or of more parts than any honest photo has.
        MemoryError: There is not enough for its pixels.
    """
    shown = name or ("photo" if isinstance(source, bytes) else os.fspath(source))
    content = source if isinstance(source, bytes) else _read(source, shown)
    if not content:
        raise PhotoError(shown, EMPTY, "empty_image")
    plugin = _plugin(content[:_MAGIC_BYTES])
    if plugin is None:
        raise PhotoError(shown, UNSUPPORTED, "no_image")
    try:
        image = _open(plugin, content, shown)
        _judge(image, shown, max_pixels, admit)
        width = image.width
        if at_least_px is not None and isinstance(image, _Jpeg):
            _reduce(image, at_least_px)
        reduction = width // image.width
        image.load()
        upright = _upright(image)
    except (KuzovError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise PhotoError(shown, TOO_LARGE.format(max_pixels), "large_image") from error
    except Exception as error:
        # Damaged photos make the plugins raise nearly anything: OSError, SyntaxError, struct.error, …
        raise PhotoError(shown, BROKEN, "broken_image") from error
    # What else it carried, such as the orientation, is done with.
    upright.info = {"size": (upright.width * reduction, upright.height * reduction)}
    return upright


def _read(path: str | os.PathLike[str], name: str) -> bytes:
    """The file's bytes; no more than the first few of a file that is no photo, however long it is."""
    try:
        mode = Path(path).stat().st_mode
        if not stat.S_ISREG(mode):
            raise PhotoError(name, FOLDER if stat.S_ISDIR(mode) else NOT_A_FILE)
        with Path(path).open("rb") as file:
            start = file.read(_MAGIC_BYTES)
            return start + file.read() if _plugin(start) else start
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise PhotoError(name, NO_FILE) from error
    except OSError as error:
        raise PhotoError(name, f"can't be read: {error.strerror or error}") from error


def _plugin(start: bytes) -> _Plugin | None:
    """Pillow's reader for the format that these first bytes announce; None where it is not supported."""
    if start.startswith(b"\xff\xd8\xff"):
        return _Jpeg
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImagePlugin.PngImageFile
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return WebPImagePlugin.WebPImageFile
    if start.startswith(b"BM"):
        return BmpImagePlugin.BmpImageFile
    if start.startswith((b"GIF87a", b"GIF89a")):
        return GifImagePlugin.GifImageFile
    return None


def _open(plugin: _Plugin, content: bytes, name: str) -> ImageFile.ImageFile:
    """Have Pillow read the header, and no more of it than makes the picture."""
    if plugin is _Jpeg:
        header, end = jpeg_parts(content, name)
        jpeg = _Jpeg(BytesIO(header))
        jpeg.fp, jpeg.end = BytesIO(content), end
        return jpeg
    if plugin is PngImagePlugin.PngImageFile:
        return plugin(excerpt(content, png_parts(content, name)))
    if plugin is GifImagePlugin.GifImageFile:
        parts_of_gif = excerpt(content, gif_parts(content, name))
        with _quiet, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow may warn of a large frame
            return plugin(parts_of_gif)
    check = check_webp if plugin is WebPImagePlugin.WebPImageFile else check_bmp
    check(content, name)
    return plugin(BytesIO(content))


def _judge(
    image: ImageFile.ImageFile, name: str, max_pixels: int, admit: Callable[[int], None] | None
) -> None:
    # Of a JPEG too, whatever it is reduced to: a progressive one fills the memory of its whole size.
    pixels = image.width * image.height
    if pixels > max_pixels:
        raise PhotoError(name, TOO_LARGE.format(max_pixels), "large_image")
    if admit is not None:
        admit(pixels)


def _reduce(jpeg: _Jpeg, at_least_px: int) -> None:
    """Have the pixels decoded at the smallest size that is allowed.

    Sides that don't divide would end in a pixel of which a part lies outside, and shift what is framed.
    """
    for scale in _REDUCTIONS:
        (width, left), (height, below) = divmod(jpeg.width, scale), divmod(jpeg.height, scale)
        if left == below == 0 and min(width, height) >= at_least_px:
            jpeg.draft(None, (width, height))
            return


def _upright(image: ImageFile.ImageFile) -> Image.Image:
    # A PNG may bring its EXIF block after the pixels, so only now.
    turn = _TURNS.get(exif_orientation(image.info.get("exif", b"")))
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


def exif_orientation(exif: bytes) -> int:
    """The orientation in an EXIF block, 1..8; 1 where it is missing or damaged.

    Pillow's own reader warns of damaged blocks, and for this one number it need not be asked.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
        for entry in range(directory + 2, directory + 2 + 12 * entries, 12):
            tag, kind = struct.unpack_from(f"{order}HH", tiff, entry)
            if tag == _ORIENTATION_TAG:
                # A SHORT by the standard; some cameras write a LONG.
                (value,) = struct.unpack_from(f"{order}{'I' if kind == 4 else 'H'}", tiff, entry + 8)
                return int(value) if value in _TURNS else 1
    except struct.error:
        pass
    return 1
