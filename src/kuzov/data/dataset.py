"""A folder of photos, one subfolder a class, as something to learn from.

`kuzov.data.layout` tells what lies where; photos that are not divided yet `kuzov.data.split` divides.
"""

from __future__ import annotations

import hashlib
import logging
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from kuzov.cores import usable_cores
from kuzov.data.duplicates import SIGNATURE_PX, Signature, groups_of, near_duplicates, signature
from kuzov.data.layout import read_layout
from kuzov.data.refusals import refusals
from kuzov.data.split import stratified_split
from kuzov.data.unusable import refuse_leaks, refuse_rejected, require_photos
from kuzov.errors import DatasetError, PhotoError
from kuzov.images.decode import decode, encoded
from kuzov.progress import Progress, silent
from kuzov.words import Words

IN_ANOTHER = Words(
    "lies in class {classes} too; keep it in one class", "лежит и в классе {classes}; оставьте в одном"
)
LIKE_ANOTHER = Words(
    "shows the same picture as {other} of another class; keep it in one class",
    "та же картинка, что и {other} другого класса; оставьте в одном",
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo and the class that its folder names.

    Attributes:
        path: Where it lies.
        label: Its class id.
        digest: SHA-256 of its content, once it was read.
        group: The least digest of all photos that show the same picture; see `kuzov.data.duplicates`.
    """

    path: Path
    label: str
    digest: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What reading a photo tells of it: SHA-256 of its content, in hex, and what its copies are told by."""

    digest: str
    signature: Signature


def look_at(photo: Path) -> Look:
    """Decode a photo, no larger than its signature needs.

    Raises:
        PhotoError: It can't be read.
    """
    content = encoded(photo)
    image = decode_to_learn(content, photo, SIGNATURE_PX)
    return Look(hashlib.sha256(content).hexdigest(), signature(image))


def decode_to_learn(content: bytes, photo: Path, at_least_px: int) -> Image.Image:
    """Decode the content of a photo as `decode` does; what the user should know of it is logged.

    Raises:
        PhotoError: It can't be read.
    """
    image = decode(content, name=str(photo), at_least_px=at_least_px)
    if note := image.info.get("note"):
        _log.warning("%s: %s.", photo, note)
    return image


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Photos to learn from and to judge by.

    Attributes:
        root: The folder that was read.
        classes: Class ids, sorted; the folders' names in Unicode's composed form (NFC).
        train: Photos to learn from, sorted by class and name.
        validation: Photos to judge by, likewise; at least one a class, as in `train`.
        rejected: Files that can't be used, and why.
        passed_over: Folders that are neither classes nor one of the two sides, and why.
    """

    root: Path
    classes: tuple[str, ...]
    train: tuple[Photo, ...]
    validation: tuple[Photo, ...]
    rejected: tuple[PhotoError, ...]
    passed_over: tuple[PhotoError, ...] = ()

    @property
    def leaks(self) -> tuple[tuple[Photo, Photo], ...]:
        """Photos to judge by whose picture is learned from: the first that shows it in `train`, and they."""
        learned: dict[str, Photo] = {}
        for photo in self.train:
            learned.setdefault(photo.group, photo)
        return tuple((learned[photo.group], photo) for photo in self.validation if photo.group in learned)


def load_dataset(
    folder: Path,
    *,
    validation_fraction: float,
    seed: int,
    strict: bool = False,
    allow_leaks: bool = False,
    outputs: Iterable[Path] = (),
    look: Callable[[Path], Look] = look_at,
    progress: Progress = silent,
) -> Dataset:
    """Read a folder of photos; each one is looked at once, to be sure that it can be read.

    Where a validation set lies inside, it is the side to judge by. Otherwise the photos are divided class by
    class, and those that show the same picture stay on one side. A picture that lies in two classes teaches
    nothing and is rejected.

    Args:
        folder: Holds one subfolder a class, and may hold sets of them; see `kuzov.data.layout`.
        validation_fraction: Part of each class to judge by, 0..1; unused where a validation set is given.
        seed: Of the split.
        strict: Refuse the folder where any file in it is rejected.
        allow_leaks: Take a folder in which a picture lies both in the training and the validation set.
        outputs: Folders that are written to, and so hold no photos to learn from.
        look: Reads a photo, in one of several threads; what it raises is as in `look_at`.
        progress: Told of work done: "read".

    Raises:
        DatasetError: There is nothing to learn from: no such folder, no photos, a single class, a class
            without enough readable photos, class names that differ only in case, sides with different
            classes; or a file was rejected and `strict` is set, or there are leaks that are not allowed.
    """
    layout = read_layout(folder, outputs=outputs)
    for refusal in refusals(layout):
        raise DatasetError(refusal)
    listed = tuple(layout.sides.values())
    photos, unreadable = _read_all(
        [Photo(*photo) for side in listed for photo in side.photos], look, progress
    )
    rejected = sorted(
        [*layout.rejected, *unreadable, *_in_two_classes(photos)], key=lambda error: error.photo
    )
    if strict:
        refuse_rejected(folder, rejected)
    refused = {error.photo for error in rejected}
    usable = {photo.path: photo for photo in photos if str(photo.path) not in refused}
    sides = [tuple(usable[path] for path, _ in side.photos if path in usable) for side in listed]
    for each, side in zip(listed, sides, strict=True):
        require_photos(each, side, 2 if len(sides) == 1 else 1, rejected)
    if len(sides) == 1:
        sides = _divide(sides[0], validation_fraction, seed)
    train, validation = sides
    dataset = Dataset(
        root=folder,
        classes=listed[0].classes,
        train=train,
        validation=validation,
        rejected=tuple(rejected),
        passed_over=layout.passed_over,
    )
    if not allow_leaks:
        refuse_leaks(dataset.leaks)
    return dataset


def fingerprint(photos: Iterable[Photo]) -> str:
    """SHA-256, in hex, over the photos' classes, names and contents; neither order nor folder matters."""
    lines = [
        f"{photo.digest} {photo.label}/{unicodedata.normalize('NFC', photo.path.name)}\n" for photo in photos
    ]
    # A file's name need not be valid Unicode.
    return hashlib.sha256("".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()


def _read_all(
    photos: Sequence[Photo], look: Callable[[Path], Look], progress: Progress
) -> tuple[list[Photo], list[PhotoError]]:
    """Look at every photo: the readable ones with digest and group, and what is wrong with the others."""

    def read(photo: Photo) -> Look | PhotoError:
        try:
            return look(photo.path)
        except PhotoError as error:
            return error

    looks: list[tuple[Photo, Look]] = []
    unreadable: list[PhotoError] = []
    with ThreadPoolExecutor(usable_cores()) as threads:
        for done, (photo, found) in enumerate(zip(photos, threads.map(read, photos), strict=True)):
            progress("read", done, len(photos))
            if isinstance(found, PhotoError):
                unreadable.append(found)
            else:
                looks.append((replace(photo, digest=found.digest), found))
    progress("read", len(photos), len(photos))
    return _grouped([photo for photo, _ in looks], [each.signature for _, each in looks]), unreadable


def _grouped(photos: Sequence[Photo], signatures: Sequence[Signature]) -> list[Photo]:
    leaders = groups_of(near_duplicates(signatures), len(photos))
    names: dict[int, str] = {}
    for leader, photo in zip(leaders, photos, strict=True):
        names[leader] = min(names.get(leader, photo.digest), photo.digest)
    return [replace(photo, group=names[leader]) for leader, photo in zip(leaders, photos, strict=True)]


def _in_two_classes(photos: Sequence[Photo]) -> list[PhotoError]:
    """The photos whose picture lies in another class too."""
    alike: dict[str, list[Photo]] = {}
    for photo in photos:
        alike.setdefault(photo.group, []).append(photo)
    errors = []
    for photo in photos:
        others = [other for other in alike[photo.group] if other.label != photo.label]
        copies = sorted({other.label for other in others if other.digest == photo.digest})
        if copies:
            reason = IN_ANOTHER.fill(classes=", ".join(copies))
        elif others:
            reason = LIKE_ANOTHER.fill(other=str(others[0].path))
        else:
            continue
        errors.append(PhotoError(str(photo.path), reason))
    return errors


def _divide(photos: Sequence[Photo], validation_fraction: float, seed: int) -> list[tuple[Photo, ...]]:
    split = stratified_split(
        [photo.label for photo in photos],
        [photo.group for photo in photos],
        validation_fraction=validation_fraction,
        seed=seed,
    )
    return [tuple(photos[index] for index in side) for side in (split.train, split.validation)]
