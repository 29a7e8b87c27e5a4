"""A folder of photos whose classes are known, to judge a finished model by.

photos/bmw_x5/1.jpg, photos/qashqai/1.jpg, …   are all judged
photos/validation/bmw_x5/1.jpg, …              where there is such a set, it alone is
photos/train/…, photos/test/bmw_x5/1.jpg, …    and this one where there is none to validate by
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kuzov.data.dataset import Photo
from kuzov.data.files import digest_of
from kuzov.data.folder_names import TRAIN, VALIDATION
from kuzov.data.layout import KEPT_FOR_TEST, OTHER_SET, UNDIVIDED, read_layout
from kuzov.data.refusals import NO_PHOTOS
from kuzov.errors import DatasetError, PhotoError
from kuzov.words import Words

NOT_JUDGED = Words(
    "is not judged by; give it alone for that", "по ней не проверяют; для этого укажите её саму"
)
ONLY_TO_LEARN = Words(
    "{folder} has photos to learn from, in {learned}/, and none to judge by; give that folder itself to "
    "judge by what the model may have learned from.",
    "В {folder} есть обучающие фотографии, в {learned}/, а для проверки нет; укажите саму эту папку, чтобы "
    "проверить по тому, на чём модель могла учиться.",
)
UNKNOWN_CLASSES = Words(
    "{folder} has folders of classes that the model does not know: {unknown}. It knows {known}; rename these "
    "folders or move them away.",
    "В {folder} есть папки классов, которых модель не знает: {unknown}. Она знает {known}; переименуйте эти "
    "папки или уберите их.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPhotos:
    """Photos of known classes, not decoded yet.

    Attributes:
        root: The folder of class folders.
        photos: Sorted by class and name, each with its content's digest.
        rejected: Files that are not photos by their name or place, and why.
        passed_over: Folders that are not judged by, and why.
    """

    root: Path
    photos: tuple[Photo, ...]
    rejected: tuple[PhotoError, ...]
    passed_over: tuple[PhotoError, ...]


def list_labelled(folder: Path, classes: Sequence[str]) -> LabelledPhotos:
    """List the photos of a folder with a subfolder a class.

    Where a validation set lies inside, it is what is judged, else a test set: beside them lie the photos to
    learn from. A class may have no folder, and its folder may be empty.

    Args:
        folder: Holds class folders, or sets of them; see `kuzov.data.layout`.
        classes: Class ids that the model knows.

    Raises:
        DatasetError: There is no such folder, it can't be read, it has no photo, or a class that the model
            does not know.
    """
    layout = read_layout(folder, known=classes)
    judged = [layout.sides[name] for name in (VALIDATION, UNDIVIDED) if name in layout.sides]
    if layout.tests and VALIDATION not in layout.sides:
        judged = [*layout.tests]
    if not judged:
        learned = layout.sides[TRAIN].root.name
        raise DatasetError(ONLY_TO_LEARN.fill(folder=str(folder), learned=learned))
    chosen = judged[0]
    _require_known(chosen.root, chosen.classes, classes)
    if not chosen.photos:
        example = chosen.root / classes[0] / "1.jpg"
        raise DatasetError(NO_PHOTOS.fill(folder=str(chosen.root), example=str(example)))
    photos = tuple(Photo(file, label, _digest(file)) for file, label in chosen.photos)
    others = [
        PhotoError(each.photo, NOT_JUDGED)
        for each in layout.passed_over
        if each.reason_words in (KEPT_FOR_TEST, OTHER_SET) and Path(each.photo) != chosen.root
    ]
    return LabelledPhotos(
        root=chosen.root,
        photos=photos,
        rejected=chosen.rejected,
        passed_over=(*chosen.passed_over, *others),
    )


def _require_known(root: Path, labels: Sequence[str], classes: Sequence[str]) -> None:
    unknown = [label for label in labels if label not in classes]
    if unknown:
        told = {"folder": str(root), "unknown": ", ".join(unknown), "known": ", ".join(classes)}
        raise DatasetError(UNKNOWN_CLASSES.fill(**told))


def _digest(file: Path) -> str:
    """Of the content; empty where it can't be read, which the recogniser tells better."""
    if not file.is_file():
        return ""
    try:
        return digest_of(file)
    except OSError:
        return ""
