"""What is decoded already, in memory, so that a training decodes each photo once.

A photo is decoded when the folder is read, embedded once all of the folder is known, and shown to the
finished bundle at last. Until it is embedded its pixels are kept, from then on what the network was shown of
it: as far as there is room. What has none is decoded again.
"""

from __future__ import annotations

import threading
from typing import Self

import numpy as np
from PIL import Image

from kuzov.cars.cut_out import read_cut_out
from kuzov.data.dataset import Photo
from kuzov.images.framing import Pixels

ROOM_BYTES = 128_000_000


class KeptPhotos:
    """Photos by the SHA-256 of their content. Safe to use from several threads at once."""

    def __init__(self, room_bytes: int = ROOM_BYTES) -> None:
        self._lock = threading.Lock()
        self._room = room_bytes
        self._kept: dict[tuple[str, int], Image.Image | Pixels] = {}

    def keep(self, digest: str, image_px: int, photo: Image.Image | Pixels) -> None:
        """Keep a decoded photo, or its cut-out of so many pixels, in place of what is kept of it."""
        with self._lock:
            self._forget((digest, image_px))
            if _bytes(photo) <= self._room:
                self._room -= _bytes(photo)
                self._kept[digest, image_px] = photo

    def decoded(self, digest: str, image_px: int) -> Image.Image | None:
        """A photo that was decoded for a network of so many pixels, if it is kept."""
        kept = self._kept.get((digest, image_px))
        return kept if isinstance(kept, Image.Image) else None

    def cut_out(self, photo: Photo, image_px: int) -> Pixels:
        """What a network of so many pixels is shown of a photo, uint8 (image_px, image_px, 3).

        Raises:
            PhotoError: It is not kept, and can't be read any more.
        """
        kept = self._kept.get((photo.digest, image_px))
        return kept if isinstance(kept, np.ndarray) else read_cut_out(photo.path, image_px).pixels

    def __enter__(self) -> Self:
        """Keep photos until the block ends, however it does."""
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Keep nothing any more."""
        with self._lock:
            for key in [*self._kept]:
                self._forget(key)

    def _forget(self, key: tuple[str, int]) -> None:
        if (former := self._kept.pop(key, None)) is not None:
            self._room += _bytes(former)


def _bytes(photo: Image.Image | Pixels) -> int:
    return photo.width * photo.height * 3 if isinstance(photo, Image.Image) else photo.nbytes


KEPT_PHOTOS = KeptPhotos()
"""Of this process's training."""
