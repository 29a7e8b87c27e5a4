"""The files of a folder of photos, whatever state it is in.

`kuzov.data.dataset` refuses what can't be learned from; here the same folder is taken as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kuzov.data.files import LOOSE, NESTED, NOT_A_PHOTO, class_of, entries, is_photo, require_folder
from kuzov.errors import DatasetError, PhotoError

TRAIN, VALIDATION = "train", "validation"


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

    The classes are those of all sides, sorted, empty ones too; photos stand by side, class and name. What is
    no photo by its name or place is left out.
    """

    root: Path
    sides: tuple[str, ...]
    classes: tuple[str, ...]
    photos: tuple[PhotoFile, ...]
    left_out: tuple[PhotoError, ...]

    def name(self, path: Path) -> str:
        """A file's path in the folder, as findings name it."""
        return path.relative_to(self.root).as_posix()


def list_folder(root: Path) -> PhotoFolder:
    """List a folder of class folders, or of `train/` and `validation/` with class folders inside.

    A folder of loose photos alone is taken as one class.

    Raises:
        DatasetError: There is no such folder, it can't be read, or it has no photo.
    """
    require_folder(root)
    sides = tuple(side for side in (TRAIN, VALIDATION) if (root / side).is_dir()) or ("",)
    folders: list[tuple[str, Path]] = []
    loose: list[Path] = []
    photos: list[PhotoFile] = []
    left_out: list[PhotoError] = []
    for side in sides:
        for entry in entries(root / side):
            if entry.is_dir():
                folders.append((side, entry))
            elif is_photo(entry):
                loose.append(entry)
            else:
                left_out.append(PhotoError(str(entry), NOT_A_PHOTO))
    for side, folder in folders:
        for file in entries(folder):
            if is_photo(file) and not file.is_dir():
                photos.append(PhotoFile(path=file, label=class_of(folder), side=side))
            else:
                left_out.append(PhotoError(str(file), NESTED if file.is_dir() else NOT_A_PHOTO))
    classes = {class_of(folder) for _, folder in folders}
    if photos or sides != ("",):
        left_out += [PhotoError(str(path), LOOSE) for path in loose]
    else:
        label = class_of(root.resolve())
        classes.add(label)
        photos = [PhotoFile(path=path, label=label, side="") for path in loose]
    if not photos:
        raise DatasetError(
            f"There are no photos in {root}; put the photos of each model into a subfolder of its own, "
            f"such as {root / 'bmw_x5' / '1.jpg'}."
        )
    return PhotoFolder(
        root=root,
        sides=sides,
        classes=tuple(sorted(classes)),
        photos=tuple(photos),
        left_out=tuple(left_out),
    )
