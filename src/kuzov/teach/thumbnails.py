"""Small pictures of the photos in the folder."""

from __future__ import annotations

import io
from pathlib import Path

from kuzov.errors import PhotoError
from kuzov.images.decode import decode
from kuzov.teach.refusal import RefusedError

SIDE_PX = 160
_QUALITY = 80


def thumbnail(file: Path) -> bytes:
    """A JPEG of a photo, no side longer than SIDE_PX.

    Raises:
        RefusedError: The photo is gone or can't be read.
    """
    try:
        image = decode(file, name=file.name, at_least_px=SIDE_PX)
    except PhotoError as error:
        raise RefusedError("no_such_photo", f"{error}.") from error
    image.thumbnail((SIDE_PX, SIDE_PX))
    content = io.BytesIO()
    image.save(content, "JPEG", quality=_QUALITY)
    return content.getvalue()
