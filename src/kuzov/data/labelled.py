"""A folder of photos whose classes are known, to judge a finished model by.

photos/bmw_x5/1.jpg, photos/qashqai/1.jpg, …   are all judged
photos/validation/bmw_x5/1.jpg, …              of these only what lies in validation/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kuzov.data.dataset import Photo
from kuzov.data.files import class_of, digest_of, list_class_folders, require_folder
from kuzov.errors import DatasetError, PhotoError

VALIDATION = "validation"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPhotos:
    """Photos of known classes, not decoded yet.

    Attributes:
        root: The folder of class folders.
        photos: Sorted by class and name, each with its content's digest.
        rejected: Files that are not photos by their name or place, and why.
    """

    root: Path
    photos: tuple[Photo, ...]
    rejected: tuple[PhotoError, ...]


def list_labelled(folder: Path, classes: Sequence[str]) -> LabelledPhotos:
    """List the photos of a folder with a subfolder a class.

    Where `validation/` lies inside, it is what is judged: beside it lie the photos to learn from. A class may
    have no folder, and its folder may be empty.

    Args:
        folder: Holds class folders, or `validation/` with class folders inside.
        classes: Class ids that the model knows.

    Raises:
        DatasetError: There is no such folder, it can't be read, it has no photo, or a class that the model
            does not know.
    """
    require_folder(folder)
    inside = folder / VALIDATION
    root = inside if VALIDATION not in classes and inside.is_dir() else folder
    listed = list_class_folders(root)
    _require_known(root, [class_of(each) for each in listed.folders], classes)
    if not listed.photos:
        raise DatasetError(
            f"There are no photos in the subfolders of {root}; put the photos of each model into a subfolder "
            f"of its own, such as {root / classes[0] / '1.jpg'}."
        )
    photos = tuple(Photo(file, label, _digest(file)) for file, label in listed.photos)
    return LabelledPhotos(root=root, photos=photos, rejected=listed.rejected)


def _require_known(root: Path, labels: Sequence[str], classes: Sequence[str]) -> None:
    unknown = [label for label in labels if label not in classes]
    if unknown:
        raise DatasetError(
            f"{root} has folders of classes that the model does not know: {', '.join(unknown)}. It knows "
            f"{', '.join(classes)}; rename these folders or move them away."
        )


def _digest(file: Path) -> str:
    """Of the content; empty where it can't be read, which the recogniser tells better."""
    if not file.is_file():
        return ""
    try:
        return digest_of(file)
    except OSError:
        return ""
