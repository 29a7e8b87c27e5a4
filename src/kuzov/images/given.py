"""Photos that the caller has decoded already: images of Pillow's, and arrays."""

from __future__ import annotations

from typing import Any

from PIL import Image

from kuzov.errors import PhotoError

TAKEN = "give a path, the bytes of a file, an image of Pillow's, or an array of RGB, uint8 (height, width, 3)"

_HINTS = {
    "of floats": "give uint8 in 0..255, (height, width, 3): scale it to 0..255, then photo.astype('uint8')",
    "of other numbers": "give uint8 in 0..255, (height, width, 3)",
    "several": "give one photo at a time, (height, width, 3)",
    "grey": "give three channels, (height, width, 3): numpy.dstack([photo] * 3)",
    "transparent": "leave out the transparency: photo[:, :, :3]",
    "channels first": "the channels go last, (height, width, 3): photo.transpose(1, 2, 0)",
    "any": "give RGB, uint8 (height, width, 3)",
}


def from_pillow(image: Image.Image, name: str) -> Image.Image:
    """An image of the caller's, which is left as it is.

    Raises:
        PhotoError: It has no pixels, or is of a mode that no photo has.
    """
    if 0 in image.size:
        raise PhotoError(name, f"is an image of {image.width} × {image.height} pixels; give a photo")
    if image.mode == "F":
        raise PhotoError(name, "is an image of floating-point numbers (mode F); convert it to RGB first")
    image.load()
    return image.copy() if image.mode == "RGB" else image


def from_array(array: Any, name: str) -> Image.Image:
    """An array of RGB, uint8 (height, width, 3), as an image.

    Raises:
        PhotoError: It is not such an array; the text says what it is instead.
    """
    if not hasattr(array, "__array_interface__"):
        raise PhotoError(name, f"is {_article(type(array).__name__)}; {TAKEN}")
    shape, kind = tuple(array.shape), str(array.dtype)
    if kind != "uint8" or len(shape) != 3 or shape[2] != 3 or 0 in shape:
        raise PhotoError(name, f"is an array of {kind} {shape}; {_hint(shape, kind)}")
    return Image.fromarray(array)


def _hint(shape: tuple[int, ...], kind: str) -> str:
    hints = {
        "of floats": kind.startswith("float"),
        "of other numbers": kind != "uint8",
        "several": len(shape) == 4,
        "grey": len(shape) == 2 or shape[-1:] == (1,),
        "transparent": shape[-1:] == (4,),
        "channels first": shape[:1] == (3,),
    }
    return _HINTS[next((name for name, fits in hints.items() if fits), "any")]


def _article(kind: str) -> str:
    return f"{'an' if kind[:1].lower() in 'aeio' else 'a'} {kind}"
