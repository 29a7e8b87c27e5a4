"""What the network sees of photos, kept on disk: of thousands only a batch is in memory at a time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kuzov.cars.cut_out import read_cut_out
from kuzov.cores import a_few_ahead
from kuzov.data.dataset import Photo
from kuzov.errors import KuzovError, reason_of
from kuzov.images.framing import Pixels
from kuzov.training.judge import Rows
from kuzov.words import PHOTOS, Words

_UNWRITABLE = Words(
    "The frames of {photos} can't be written to {folder}: {why}. "
    "Name another folder in the variable KUZOV_CACHE.",
    "Кадры {photos} не записать в {folder}: {why}. Назовите другую папку в переменной KUZOV_CACHE.",
)


@dataclass(frozen=True, slots=True)
class FrameFile:
    """Framed photos in an open file, one after the other: uint8, `image_px` pixels square, RGB."""

    descriptor: int
    image_px: int

    def __getitem__(self, rows: Rows) -> Pixels:
        """Some of the frames, uint8 (n, image_px, image_px, 3)."""
        size = self.image_px**2 * 3
        content = b"".join(os.pread(self.descriptor, size, int(row) * size) for row in rows)
        return np.frombuffer(content, np.uint8).reshape(-1, self.image_px, self.image_px, 3)


@contextmanager
def frames_on_disk(photos: Sequence[Photo], image_px: int, folder: Path) -> Iterator[FrameFile]:
    """Decode and frame photos into a file without a name, which goes with the process, however that ends.

    Raises:
        PhotoError: A photo can't be read any more.
        KuzovError: The folder, which is made if missing, can't be written.
    """
    with ExitStack() as opened:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = opened.enter_context(tempfile.TemporaryFile(dir=folder))
            for frame in a_few_ahead(lambda photo: read_cut_out(photo.path, image_px).pixels, photos):
                file.write(frame.tobytes())
            file.flush()
        except OSError as error:
            told = _UNWRITABLE.fill(photos=PHOTOS.of(len(photos)), folder=str(folder), why=reason_of(error))
            raise KuzovError(told) from error
        yield FrameFile(file.fileno(), image_px)
