"""What it costs and gains to decode large JPEGs at a fraction of their size: the table of docs/adr/0009.

    python -m benchmarks.decoding PHOTOS

Prints, for photos enlarged and as they are, how far a probability moves through the ready model in float32,
and the CPU time of decoding and framing whole and reduced. PHOTOS is searched with all its folders; those
that are enlarged are of its validation/, which the model has not learned.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.markdown import table
from kuzov.bundle.card import read_card
from kuzov.bundle.layout import resolve
from kuzov.bundle.ready import ready_model
from kuzov.engine.openvino import load
from kuzov.images.decode import EXTENSIONS, decode
from kuzov.images.framing import Pixels, frame, least_side, read_frame

LARGE_PIXELS, LARGE = 12_000_000, 15
QUALITY = 90  # of the enlarged JPEGs
REPEATS, BATCH_PHOTOS = 15, 16

Floats = npt.NDArray[np.float32]
Read = Callable[[bytes], Pixels]


class Recogniser:
    """The ready model."""

    def __init__(self) -> None:
        version = resolve(ready_model())
        self.image_px = read_card(version).image_px
        self._engine = load(version, "f32")

    def __call__(self, frames: Sequence[Pixels]) -> Floats:
        """Probabilities (N, C)."""
        images = np.stack(frames).astype(np.float32)
        starts = range(0, len(images), BATCH_PHOTOS)
        answers = [self._engine.recognise(images[at : at + BATCH_PHOTOS]) for at in starts]
        return np.concatenate([answer["probabilities"] for answer in answers])


def read_files(folder: Path) -> list[bytes]:
    """All photos in a folder and its folders."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in EXTENSIONS)
    return [file.read_bytes() for file in files]


def enlarge(photo: bytes, size: Callable[[int, int], tuple[int, int]]) -> bytes:
    """The photo as a JPEG of another size."""
    image = decode(photo)
    file = BytesIO()
    image.resize(size(*image.size), Image.Resampling.BICUBIC).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def to_12_megapixels(width: int, height: int) -> tuple[int, int]:
    """Sides that divide by 8, the greatest reduction."""
    scale = math.sqrt(LARGE_PIXELS / (width * height))
    return round(width * scale / 8) * 8, round(height * scale / 8) * 8


def to_border(image_px: int) -> Callable[[int, int], tuple[int, int]]:
    """Sides of which a half is just enough."""

    def size(width: int, height: int) -> tuple[int, int]:
        scale = least_side(image_px) / min(width, height)
        return 2 * round(width * scale), 2 * round(height * scale)

    return size


def framed(photos: Sequence[bytes], reads: Sequence[Read]) -> tuple[list[list[Pixels]], list[float]]:
    """The frames by each way to read a photo, and its mean CPU milliseconds; a photo's best repeat counts."""
    frames: list[list[Pixels]] = [[] for _ in reads]
    seconds = np.empty((REPEATS, len(reads), len(photos)))
    for column, photo in enumerate(photos):
        for repeat in range(REPEATS):
            for row, read in enumerate(reads):
                started = time.thread_time()
                pixels = read(photo)
                seconds[repeat, row, column] = time.thread_time() - started
                if repeat == 0:
                    frames[row].append(pixels)
    return frames, [1000 * float(each) for each in seconds.min(axis=0).mean(axis=1)]


def changes(found: Floats, expected: Floats) -> list[str]:
    """The largest change of any probability, and the mean of each photo's largest."""
    moved = np.abs(found - expected).max(axis=1)
    return [f"{moved.max():.4f}", f"{moved.mean():.4f}"]


def main() -> None:
    """Print the table."""
    folder = Path(sys.argv[1])
    photos, validation = read_files(folder), read_files(folder / "validation")
    recognise = Recogniser()
    image_px = recognise.image_px
    few = [validation[row] for row in np.linspace(0, len(validation) - 1, LARGE).round().astype(int)]
    border = to_border(image_px)
    sets = {
        f"{LARGE} enlarged to 12 megapixels": [enlarge(photo, to_12_megapixels) for photo in few],
        f"all {len(photos)} as they are": photos,
        f"{len(validation)} enlarged so that just twice the pixels are left": [
            enlarge(photo, border) for photo in validation
        ],
    }
    reads: list[Read] = [
        lambda photo: frame(decode(photo), image_px),
        lambda photo: read_frame(photo, image_px),
    ]
    rows = []
    for name, encoded in sets.items():
        (whole, reduced), (before, after) = framed(encoded, reads)
        expected = recognise(whole)
        rows.append([name, *changes(recognise(reduced), expected), f"{before:.1f} ms", f"{after:.1f} ms"])
    rng = np.random.default_rng(0)
    noisy = [(each + rng.integers(-1, 2, each.shape)).clip(0, 255).astype(np.uint8) for each in whole]
    noise = changes(recognise(noisy), expected)
    rows.append(["the same, not reduced, with noise of one level of 255", *noise, "", ""])
    print(table(["photos", "largest change of a probability", "mean", "before", "after"], rows))


if __name__ == "__main__":
    main()
