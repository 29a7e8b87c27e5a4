"""The photos of a folder with all its folders, as they are asked about."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from kuzov.images.formats import EXTENSIONS, is_photo_file
from kuzov.words import Words

NAMES_OF_PHOTOS = Words("; of photos the names end in {endings}", "; имена фотографий кончаются на {endings}")


def files_below(
    folder: Path,
    unreadable: Callable[[OSError], object] | None = None,
    above: tuple[tuple[int, int], ...] = (),
) -> Iterator[str]:
    """All files in a folder and its folders but hidden ones; links are followed, not in a circle.

    Args:
        folder: Where to look.
        unreadable: Told of each folder that can't be listed, and of each link in a circle; the rest goes on.
        above: Device and inode of the folders that it lies in, as far as they were looked into.

    Raises:
        OSError: A folder can't be listed, and there is nobody to tell.
    """
    folders = []
    try:
        found = folder.stat()
        here = (found.st_dev, found.st_ino)
        if here in above:
            return
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                try:
                    is_folder = entry.is_dir()
                except OSError as error:  # a link in a circle, or to where one may not look
                    if unreadable is None:
                        raise
                    unreadable(error)
                    continue
                if is_folder:
                    folders.append(entry.path)
                else:
                    yield entry.path
    except OSError as error:
        if unreadable is None:
            raise
        unreadable(error)
        return
    for each in sorted(folders):
        yield from files_below(Path(each), unreadable, (*above, here))


def photos_among(names: Iterable[str], left_out: Counter[str]) -> Iterator[str]:
    """The names of files that are photos'; the others are counted by their endings in lower case.

    An address is a photo's by its ending alone.
    """
    for name in names:
        if name.lower().endswith(EXTENSIONS) or ("://" not in name and is_photo_file(Path(name))):
            yield name
        else:
            left_out[Path(name).suffix.lower()] += 1
