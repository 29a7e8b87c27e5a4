"""Small pictures of photos for a page, and of where the model looked."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from kuzov.cars.cut_out import cut, read_parts
from kuzov.cores import a_few_ahead
from kuzov.errors import KuzovError, PhotoError
from kuzov.explain.explainer import Explainer
from kuzov.explain.pictures import overlay, part_of, read_part

WIDTH_PX, HEIGHT_PX = 176, 132
QUALITY = 72

PICTURE_BYTES = 900_000
"""What the JPEGs of a page may have together; as text in the page they are a third longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """A photo as JPEGs, without the margin that the model does not see.

    Attributes:
        photo: The photo.
        heat: Where the model looked, in the same frame; None where that can't be told.
        size: Width and height of both, in pixels.
    """

    photo: bytes
    heat: bytes | None
    size: tuple[int, int]

    def __len__(self) -> int:
        """Bytes of its pictures."""
        return len(self.photo) + len(self.heat or b"")


def make_thumbnail(photo: Path, explainer: Explainer | None = None) -> Thumbnail | None:
    """A photo's thumbnail, and where a model looks at it; None where it can't be read any more."""
    try:
        if explainer is None:
            seen, heat = read_part(photo), None
            seen.thumbnail((WIDTH_PX, HEIGHT_PX))
        else:
            side = explainer.card.image_px
            image, ((box, _), *_) = read_parts(photo, side, explainer.card.framing)
            seen = part_of(image, box)
            seen.thumbnail((WIDTH_PX, HEIGHT_PX))
            heat = _jpeg(overlay(seen, explainer.explain_frame(cut(image, box, side))))
    except (PhotoError, MemoryError):
        return None
    return Thumbnail(photo=_jpeg(seen), heat=heat, size=seen.size)


def make_thumbnails(photos: Iterable[tuple[Path, str, Explainer | None]]) -> dict[str, Thumbnail]:
    """The thumbnails of a page by the photo's name, the first ones first, as far as its bytes go.

    Of a photo that is asked for twice, the first counts.
    """
    wanted: dict[str, tuple[Path, Explainer | None]] = {}
    for folder, name, explainer in photos:
        wanted.setdefault(name, (folder / name, explainer))
    thumbnails: dict[str, Thumbnail] = {}
    spent = 0
    with closing(a_few_ahead(lambda each: make_thumbnail(*each), wanted.values())) as pictures:
        for name, made in zip(wanted, pictures, strict=False):
            if made is None:
                continue
            if (spent := spent + len(made)) > PICTURE_BYTES:
                break
            thumbnails[name] = made
    return thumbnails


def load_explainer(bundle: Path) -> Explainer | None:
    """What tells where a bundle's model looks; None where the bundle is gone, or can't be asked."""
    try:
        return Explainer.load(bundle)
    except KuzovError:
        return None


def _jpeg(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, format="JPEG", quality=QUALITY, optimize=True)
    return file.getvalue()
