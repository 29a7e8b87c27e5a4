"""The photos' features as TensorBoard's embedding projector reads them: a map with a thumbnail a photo."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from google.protobuf import text_format
from PIL import Image
from tensorboard.plugins.projector import EmbeddingInfo, ProjectorConfig
from tensorboard.plugins.projector.metadata import PROJECTOR_FILENAME

from kuzov.atomic import written_whole
from kuzov.cars.cut_out import read_cut_out
from kuzov.cores import usable_cores
from kuzov.errors import KuzovError, reason_of
from kuzov.images.framing import Pixels
from kuzov.model.head import directions
from kuzov.training.learning_set import LearningSet
from kuzov.words import Words

_UNWRITABLE = Words(
    "TensorBoard's logs can't be written to {folder}: {why}. Name another folder.",
    "Журналы TensorBoard не записать в {folder}: {why}. Назовите другую папку.",
)
THUMBNAIL_PX = 64
MOST_POINTS = 4096
"""Photos on the map: their thumbnails fill 4096 pixels square, which every browser can draw."""

FEATURES_FILE, METADATA_FILE, SPRITE_FILE = "features.tsv", "metadata.tsv", "sprite.png"


def write_projector(folder: Path, data: LearningSet, answers: Sequence[str]) -> None:
    """Write the directions of the photos' features, their labels and thumbnails.

    Of more than `MOST_POINTS` photos every second, third, … is taken. The file that names the others comes
    last, and each appears whole or not at all.

    Args:
        folder: Exists, and holds a log of TensorBoard's.
        data: The photos.
        answers: Class id that each validation photo got.

    Raises:
        KuzovError: The folder can't be written.
        PhotoError: A photo can't be read any more.
    """
    every = math.ceil(len(data.photos) / MOST_POINTS)
    rows = slice(None, None, every)
    shown = directions(data.features[rows, 0])
    with ThreadPoolExecutor(usable_cores()) as threads:
        thumbnails = list(
            threads.map(lambda photo: read_cut_out(photo.path, THUMBNAIL_PX).pixels, data.photos[rows])
        )
    embedding = EmbeddingInfo(
        tensor_name="features",
        tensor_path=FEATURES_FILE,
        tensor_shape=shown.shape,
        metadata_path=METADATA_FILE,
    )
    embedding.sprite.image_path = SPRITE_FILE
    embedding.sprite.single_image_dim.extend([THUMBNAIL_PX, THUMBNAIL_PX])
    with _written_whole(folder / FEATURES_FILE) as part:
        np.savetxt(part, shown, fmt="%.5g", delimiter="\t")
    with _written_whole(folder / METADATA_FILE) as part:
        table = _metadata(data, answers)
        part.write_text("\n".join([table[0], *table[1:][rows]]) + "\n", encoding="utf-8")
    with _written_whole(folder / SPRITE_FILE) as part:
        _sprite(thumbnails).save(part, "PNG")
    with _written_whole(folder / PROJECTOR_FILENAME) as part:
        config = ProjectorConfig(embeddings=[embedding])
        part.write_text(text_format.MessageToString(config), encoding="utf-8")


def _metadata(data: LearningSet, answers: Sequence[str]) -> list[str]:
    """A line of names, then one a photo; the training photos have no answer."""
    sides = [("train", "")] * len(data.dataset.train) + [("validation", answer) for answer in answers]
    table = [("class", "side", "answer", "photo")]
    table += [
        (photo.label, side, answer, str(photo.path.relative_to(data.dataset.root)))
        for photo, (side, answer) in zip(data.photos, sides, strict=True)
    ]
    return ["\t".join(map(readable, row)) for row in table]


def _sprite(thumbnails: Sequence[Pixels]) -> Image.Image:
    """All thumbnails in one picture, row by row; square, as the projector takes it for."""
    columns = math.ceil(math.sqrt(len(thumbnails)))
    sprite = Image.new("RGB", (columns * THUMBNAIL_PX, columns * THUMBNAIL_PX))
    for number, thumbnail in enumerate(thumbnails):
        row, column = divmod(number, columns)
        sprite.paste(Image.fromarray(thumbnail), (column * THUMBNAIL_PX, row * THUMBNAIL_PX))
    return sprite


def readable(name: str) -> str:
    """A name as a line of TensorBoard's: valid Unicode, which a file's name need not be, and no breaks."""
    return " ".join(name.encode("utf-8", "replace").decode("utf-8").split())


@contextmanager
def _written_whole(file: Path) -> Iterator[Path]:
    try:
        with written_whole(file) as part:
            yield part
    except OSError as error:
        raise unwritable(file.parent, error) from error


def unwritable(folder: Path, error: OSError) -> KuzovError:
    """What to tell the user where TensorBoard's logs can't be written."""
    return KuzovError(_UNWRITABLE.fill(folder=str(folder), why=reason_of(error)))
