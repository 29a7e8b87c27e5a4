"""What lies in a folder of photos, by names alone: which of its folders are classes, which are sets of them.

photos/bmw_x5/1.jpg, photos/qashqai/1.jpg, …              class folders, which are not divided
photos/train/bmw_x5/1.jpg, …                              likewise
photos/train/bmw_x5/1.jpg, …, photos/validation/…         two sides
photos/bmw_x5/1.jpg, …, photos/validation/bmw_x5/…        likewise
photos/…, photos/test/…                                   beside any of them, photos to evaluate by

Whatever else it holds is told. `kuzov.data.folder_names` says what sets may be called, and what is no class.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kuzov.data.files import LOOSE, NESTED, NOT_A_PHOTO, class_of, entries, require_folder
from kuzov.data.folder_names import (
    NO_CLASS_NAME,
    OURS,
    SETS,
    SYSTEM_FOLDER,
    TEST,
    TRAIN,
    VALIDATION,
    set_of,
    set_order,
    why_no_class,
)
from kuzov.errors import PhotoError
from kuzov.images.formats import is_photo_file
from kuzov.words import Words

KEPT_FOR_TEST = Words(
    "is kept for a test, so it is not learned from; kuzov evaluate judges by it",
    "отложена для испытания: по ней не учат, по ней проверяет kuzov evaluate",
)
LOOSE_TEST = Words(
    "has no class folders, so it is neither learned from nor judged by; kuzov predict asks about it",
    "в ней нет папок классов, по ней не учат и не проверяют; о таких фотографиях спрашивает kuzov predict",
)
OTHER_SET = Words(
    "is not used, as another folder is that set already; put their photos into one, or move it away",
    "не используется: такой набор уже есть в другой папке; сложите фотографии вместе или уберите её",
)
SET_WITHOUT_CLASSES = Words(
    "is a set by its name, but has no class folders, so it is not used; rename it if it is a class",
    "судя по имени, набор, но папок классов в ней нет, и она не нужна; если это класс, переименуйте",
)
BESIDE_TRAIN = Words(
    "lies beside the folder to learn from, so it is not used; move it in there if it is a class",
    "лежит рядом с обучающей папкой и не используется; если это класс, переложите её туда",
)

UNDIVIDED = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFolders:
    """What lies in a folder of class folders.

    Attributes:
        root: The folder.
        folders: The class folders, sorted.
        photos: Those in class folders, sorted, each with its class id.
        loose: Photos beside the class folders.
        rejected: Files that are no photos by their name or place, and why; the loose ones too.
        sets: Folders that are sets of classes by their names, by which set; the one to take comes first.
        passed_over: Folders that are no classes, and why; the sets too.
    """

    root: Path
    folders: tuple[Path, ...]
    photos: tuple[tuple[Path, str], ...]
    loose: tuple[Path, ...]
    rejected: tuple[PhotoError, ...]
    sets: Mapping[str, Sequence[Path]]
    passed_over: tuple[PhotoError, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """Class ids, sorted; a class in two folders stands twice."""
        return tuple(sorted(map(class_of, self.folders)))

    @property
    def counts(self) -> dict[str, int]:
        """Photos of each class."""
        counted = Counter(label for _, label in self.photos)
        return {label: counted[label] for label in self.classes}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The sets in a folder of photos.

    Attributes:
        root: The folder.
        sides: Class folders by "train" and "validation", or by "" where they are not divided.
        tests: Sets to evaluate by.
        loose: Photos in no class folder; of all sides.
        rejected: Files that are no photos by their name or place, and why; likewise, the loose ones too.
        passed_over: Folders that are not used, and why; likewise.
    """

    root: Path
    sides: Mapping[str, ClassFolders]
    tests: tuple[ClassFolders, ...]
    loose: tuple[Path, ...]
    rejected: tuple[PhotoError, ...]
    passed_over: tuple[PhotoError, ...]


def read_layout(root: Path, *, known: Collection[str] = (), outputs: Iterable[Path] = ()) -> Layout:
    """Tell the sets in a folder of photos.

    Args:
        root: The folder.
        known: Classes whatever their names say, as a model knows them.
        outputs: Folders that are written to, so that none of them is a class.

    Raises:
        DatasetError: There is no such folder, or it or one inside can't be read.
    """
    require_folder(root)
    written = frozenset(each.resolve() for each in outputs)
    top = _list(root, known, written)
    sets = {name: [_list(each, known, written) for each in found] for name, found in top.sets.items()}
    sides = _sides(top, sets)
    used = {side.root for side in sides.values()}
    loose = [photo for side in sides.values() for photo in side.loose]
    rejected = [error for side in sides.values() for error in side.rejected]
    passed_over = [error for side in sides.values() for error in side.passed_over]
    if root not in used:
        loose += top.loose
        rejected += [PhotoError(str(photo), LOOSE) for photo in top.loose]
        passed_over += [*top.passed_over, *(PhotoError(str(folder), BESIDE_TRAIN) for folder in top.folders)]
    told = {error.photo: error for error in passed_over}
    for name, folders in sets.items():
        for each in folders:
            if each.root in used:
                del told[str(each.root)]
            else:
                told[str(each.root)] = PhotoError(str(each.root), _why_unused(name, each))
    return Layout(
        root=root,
        sides=sides,
        tests=tuple(each for each in sets[TEST] if each.folders),
        loose=tuple(loose),
        rejected=tuple(rejected),
        passed_over=tuple(sorted(told.values(), key=lambda error: error.photo)),
    )


def _sides(top: ClassFolders, sets: Mapping[str, Sequence[ClassFolders]]) -> dict[str, ClassFolders]:
    """What is learned from and judged by; a set is one that has class folders."""
    learned, judged = ([each for each in sets[name] if each.folders] for name in (TRAIN, VALIDATION))
    sides = {VALIDATION: judged[0]} if judged else {}
    if learned:
        return {TRAIN: learned[0], **sides}
    if top.folders:
        return {TRAIN: top, **sides} if sides else {UNDIVIDED: top}
    # There is nothing to learn from; what lies where it should be tells why.
    empty = [each for each in sets[TRAIN] if not each.folders]
    if sides:
        return {TRAIN: empty[0], **sides} if empty else sides
    return {UNDIVIDED: empty[0] if empty else top}


def _why_unused(name: str, listed: ClassFolders) -> Words:
    if not listed.folders:
        return LOOSE_TEST if name == TEST else SET_WITHOUT_CLASSES
    return KEPT_FOR_TEST if name == TEST else OTHER_SET


def _list(root: Path, known: Collection[str], written: Collection[Path]) -> ClassFolders:
    """List a folder of class folders."""
    folders, photos, loose, rejected, named, passed_over = [], [], [], [], [], []
    for entry in entries(root):
        if not entry.is_dir():
            photo = is_photo_file(entry)
            rejected.append(PhotoError(str(entry), LOOSE if photo else NOT_A_PHOTO))
            if photo:
                loose.append(entry)
            continue
        why = None if class_of(entry) in known else _why_no_class(entry, written)
        if why is not None:
            passed_over.append(PhotoError(str(entry), why))
            if why == NO_CLASS_NAME:
                named.append(entry)
            continue
        folders.append(entry)
        for file in entries(entry):
            if not file.is_dir():
                if is_photo_file(file):
                    photos.append((file, class_of(entry)))
                else:
                    rejected.append(PhotoError(str(file), NOT_A_PHOTO))
            elif _why_no_class(file, written) not in (SYSTEM_FOLDER, OURS):
                rejected.append(PhotoError(str(file), NESTED))
    return ClassFolders(
        root=root,
        folders=tuple(folders),
        photos=tuple(photos),
        loose=tuple(loose),
        rejected=tuple(rejected),
        sets=_sets(named),
        passed_over=tuple(passed_over),
    )


def _sets(folders: Iterable[Path]) -> dict[str, list[Path]]:
    """Those of some folders that are sets by their names, by which; the one to take comes first."""
    sets: dict[str, list[Path]] = {name: [] for name in SETS}
    for folder in sorted(folders, key=lambda each: set_order(each.name)):
        if name := set_of(folder.name):
            sets[name].append(folder)
    return sets


def _why_no_class(folder: Path, written: Collection[Path]) -> Words | None:
    resolved = folder.resolve()
    inside = any(resolved in each.parents for each in written)  # such as models/ of models/img_classifier
    if resolved in written or (inside and not any(map(is_photo_file, entries(folder)))):
        return OURS
    return why_no_class(folder)
