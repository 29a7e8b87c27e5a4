"""A folder of photos, one subfolder a class, as something to learn from.

photos/bmw_x5/1.jpg, photos/qashqai/1.jpg, …             is divided by `kuzov.data.split`
photos/train/bmw_x5/1.jpg, …                             likewise
photos/train/bmw_x5/1.jpg, …, photos/validation/…        is divided already
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from kuzov.cores import usable_cores
from kuzov.data.duplicates import SIGNATURE_PX, Signature, groups_of, near_duplicates, signature
from kuzov.data.files import ClassFolders, class_of, digest_of, list_class_folders, require_folder
from kuzov.data.split import stratified_split
from kuzov.errors import DatasetError, PhotoError
from kuzov.images.decode import decode
from kuzov.progress import Progress, silent

_SHOWN_LEAKS = 3


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
    small = signature(decode(photo, at_least_px=SIGNATURE_PX))
    return Look(digest_of(photo), small)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Photos to learn from and to judge by.

    Attributes:
        root: The folder that was read.
        classes: Class ids, sorted; the folders' names in Unicode's composed form (NFC).
        train: Photos to learn from, sorted by class and name.
        validation: Photos to judge by, likewise; at least one a class, as in `train`.
        rejected: Files that can't be used, and why.
    """

    root: Path
    classes: tuple[str, ...]
    train: tuple[Photo, ...]
    validation: tuple[Photo, ...]
    rejected: tuple[PhotoError, ...]

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
    look: Callable[[Path], Look] = look_at,
    progress: Progress = silent,
) -> Dataset:
    """Read a folder of photos; each one is looked at once, to be sure that it can be read.

    Where `train/` and `validation/` lie inside, they are the two sides. Otherwise the photos are divided
    class by class, and those that show the same picture stay on one side. A picture that lies in two classes
    teaches nothing and is rejected.

    Args:
        folder: Holds one subfolder a class, or `train/`, or `train/` and `validation/`.
        validation_fraction: Part of each class to judge by, 0..1; unused where `validation/` is given.
        seed: Of the split.
        strict: Refuse the folder where any file in it is rejected.
        allow_leaks: Take a folder in which a picture lies both in `train/` and in `validation/`.
        look: Reads a photo, in one of several threads; what it raises is as in `look_at`.
        progress: Told of work done: "read".

    Raises:
        DatasetError: There is nothing to learn from: no such folder, no photos, a single class, a class
            without enough readable photos, class names that differ only in case, sides with different
            classes; or a file was rejected and `strict` is set, or there are leaks that are not allowed.
    """
    listed = _list_sides(folder)
    photos, unreadable = _read_all(
        [Photo(*photo) for side in listed for photo in side.photos], look, progress
    )
    by_name = [error for side in listed for error in side.rejected]
    rejected = sorted([*by_name, *unreadable, *_in_two_classes(photos)], key=lambda error: error.photo)
    if strict and rejected:
        raise DatasetError(
            f"{len(rejected)} file(s) in {folder} can't be used; mend or remove them: "
            f"{'; '.join(map(str, rejected))}."
        )
    refused = {error.photo for error in rejected}
    usable = {photo.path: photo for photo in photos if str(photo.path) not in refused}
    sides = [tuple(usable[path] for path, _ in side.photos if path in usable) for side in listed]
    for each, side in zip(listed, sides, strict=True):
        _require_photos(each, side, 2 if len(sides) == 1 else 1, rejected)
    if len(sides) == 1:
        sides = _divide(sides[0], validation_fraction, seed)
    train, validation = sides
    dataset = Dataset(
        root=folder,
        classes=_classes(listed[0]),
        train=train,
        validation=validation,
        rejected=tuple(rejected),
    )
    if not allow_leaks:
        _refuse_leaks(dataset)
    return dataset


def fingerprint(photos: Iterable[Photo]) -> str:
    """SHA-256, in hex, over the photos' classes, names and contents; neither order nor folder matters."""
    lines = [
        f"{photo.digest} {photo.label}/{unicodedata.normalize('NFC', photo.path.name)}\n" for photo in photos
    ]
    # A file's name need not be valid Unicode.
    return hashlib.sha256("".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()


def _list_sides(folder: Path) -> list[ClassFolders]:
    """One folder of class folders to divide, or `train/` and `validation/`, which have the same classes."""
    require_folder(folder)
    train, validation = folder / "train", folder / "validation"
    if not train.is_dir():
        return [_list(folder)]
    if not validation.is_dir():
        return [_list(train)]
    sides = [_list(train), _list(validation)]
    differences = [
        f"only in {side.root.name}/: {', '.join(only)}"
        for side, other in (sides, sides[::-1])
        if (only := sorted(set(_classes(side)) - set(_classes(other))))
    ]
    if differences:
        raise DatasetError(
            f"{train} and {validation} must have the same classes ({'; '.join(differences)}); "
            "add the missing folders or remove the others."
        )
    return sides


def _classes(listed: ClassFolders) -> tuple[str, ...]:
    return tuple(sorted(map(class_of, listed.folders)))


def _list(folder: Path) -> ClassFolders:
    """What lies in a folder; refuses what can be told from the names alone."""
    listed = list_class_folders(folder)
    classes = _classes(listed)
    twins = [label for label, folders in Counter(classes).items() if folders > 1]
    if twins:
        raise DatasetError(
            f"Two class folders in {folder} are both called {twins[0]}, in two Unicode forms; "
            "put their photos into one."
        )
    if not listed.photos:
        raise DatasetError(
            f"There are no photos in the subfolders of {folder}; put the photos of each model into a "
            f"subfolder of its own, such as {folder / 'bmw_x5' / '1.jpg'}."
        )
    if len(classes) == 1:
        raise DatasetError(
            f"{folder} has only one class, {classes[0]}; add a subfolder with photos of another model."
        )
    empty = sorted(set(classes) - {label for _, label in listed.photos})
    if empty:
        raise DatasetError(
            f"{folder} has class folders without photos: {', '.join(empty)}; add photos or remove them."
        )
    _check_names(folder, classes)
    return listed


def _check_names(folder: Path, classes: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for label in classes:
        twin = seen.setdefault(unicodedata.normalize("NFC", label.casefold()), label)
        if twin != label:
            raise DatasetError(
                f"The class folders {twin} and {label} in {folder} differ only in case; "
                "put their photos into one folder or rename one."
            )
        if not label.isprintable():
            raise DatasetError(
                f"The name of the class folder {label!r} in {folder} holds a line break or another "
                "character that can't be shown; rename it."
            )


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
            reason = f"lies in class {', '.join(copies)} too; keep it in one class"
        elif others:
            reason = f"shows the same picture as {others[0].path} of another class; keep it in one class"
        else:
            continue
        errors.append(PhotoError(str(photo.path), reason))
    return errors


def _require_photos(
    listed: ClassFolders, photos: Sequence[Photo], least: int, rejected: Sequence[PhotoError]
) -> None:
    """Each class needs a few different photos: copies of one can't stand on both sides."""
    different = Counter(label for label, _ in {(photo.label, photo.group) for photo in photos})
    short = tuple(label for label in _classes(listed) if different[label] < least)
    if short:
        counts = ", ".join(f"{label} ({different[label]})" for label in short)
        first = f" The first of {len(rejected)} rejected file(s): {rejected[0]}." if rejected else ""
        raise DatasetError(
            f"Each class in {listed.root} needs {least} or more different, readable photos; too few have: "
            f"{counts}. Add photos or remove these folders.{first}",
            "few_different",
            short,
        )


def _divide(photos: Sequence[Photo], validation_fraction: float, seed: int) -> list[tuple[Photo, ...]]:
    split = stratified_split(
        [photo.label for photo in photos],
        [photo.group for photo in photos],
        validation_fraction=validation_fraction,
        seed=seed,
    )
    return [tuple(photos[index] for index in side) for side in (split.train, split.validation)]


def _refuse_leaks(dataset: Dataset) -> None:
    leaks = dataset.leaks
    if leaks:
        shown = [f"{learned.path} and {judged.path}" for learned, judged in leaks[:_SHOWN_LEAKS]]
        more = f"; and {len(leaks) - len(shown)} more" if len(leaks) > len(shown) else ""
        raise DatasetError(
            f"{len(leaks)} photo(s) to judge by show the same picture as one to learn from, so the figures "
            f"would be too good: {'; '.join(shown)}{more}. Remove one of each pair, or allow it with "
            "--allow-leaks (in Python, allow_leaks=True)."
        )
