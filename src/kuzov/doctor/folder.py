"""The files of a folder of photos, whatever state it is in.

`kuzov.data.dataset` refuses what can't be learned from; here the same folder is taken as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kuzov.data.files import class_of
from kuzov.data.layout import UNDIVIDED, read_layout
from kuzov.data.refusals import refusals
from kuzov.errors import DatasetError, PhotoError
from kuzov.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFile:
    """A photo by its name, not read yet.

    Its class is the folder's name in Unicode's composed form (NFC); its side is "" in a folder not divided.
    """

    path: Path
    label: str
    side: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFolder:
    """What lies in a folder, by names alone.

    The classes are those of all sides, sorted, empty ones too; photos stand by side, class and name. Left out
    are files that are no photos by their name or place, and folders that are not used. `refusals` are what
    `kuzov train` says of the folder.
    """

    root: Path
    sides: tuple[str, ...]
    classes: tuple[str, ...]
    photos: tuple[PhotoFile, ...]
    left_out: tuple[PhotoError, ...]
    refusals: tuple[Words, ...] = ()

    def name(self, path: Path) -> str:
        """A file's path in the folder, as findings name it."""
        return path.relative_to(self.root).as_posix()


def list_folder(root: Path) -> PhotoFolder:
    """List a folder as `kuzov train` does.

    A folder of loose photos alone is taken as one class.

    Raises:
        DatasetError: There is no such folder, it can't be read, or it has no photo.
    """
    layout = read_layout(root)
    refused = list(refusals(layout))
    photos = tuple(
        PhotoFile(path=path, label=label, side=name)
        for name, side in layout.sides.items()
        for path, label in side.photos
    )
    classes = {label for side in layout.sides.values() for label in side.classes}
    left_out = [*layout.rejected, *layout.passed_over]
    if layout.loose and not photos and UNDIVIDED in layout.sides:
        label = class_of(root.resolve())
        classes.add(label)
        photos = tuple(PhotoFile(path=path, label=label, side=UNDIVIDED) for path in layout.loose)
        taken = set(layout.loose)
        left_out = [error for error in left_out if Path(error.photo) not in taken]
    if not photos:
        raise DatasetError(refused[0])
    return PhotoFolder(
        root=root,
        sides=tuple(layout.sides),
        classes=tuple(sorted(classes)),
        photos=photos,
        left_out=tuple(left_out),
        refusals=tuple(refused),
    )
