"""Why a folder of photos can't be learned from, as far as names alone tell."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kuzov.data.files import class_of, entries
from kuzov.data.folder_names import SYSTEM_FOLDER, TRAIN, VALIDATION
from kuzov.data.layout import ClassFolders, Layout
from kuzov.images.formats import EXTENSIONS, is_photo_file
from kuzov.words import FILES, PHOTOS, Plural, Words, joined

NO_TRAINING_SET = Words(
    "{folder} has photos to judge by, in {judged}/, and none to learn from; put those into {example}/, or "
    "give {folder}/{judged} to learn from it.",
    "В {folder} есть фотографии для проверки, в {judged}/, а обучающих нет; положите их в {example}/ или "
    "укажите {folder}/{judged}, чтобы учить по ней.",
)
NO_PHOTOS = Words(
    "There are no photos in the subfolders of {folder}; put the photos of each model into a subfolder of its "
    "own, such as {example}.",
    "В подпапках {folder} нет фотографий; положите фотографии каждой модели в отдельную подпапку, например "
    "{example}.",
)
SAME_NAME = Words(
    "Two class folders in {folder} are both called {label}, in two Unicode forms; put their photos into one.",
    "Две папки классов в {folder} называются {label}, в двух формах Юникода; сложите фотографии в одну.",
)
ONE_CLASS = Words(
    "{folder} has only one class, {label}; add a subfolder with photos of another model.",
    "В {folder} всего один класс, {label}; добавьте подпапку с фотографиями другой модели.",
)
EMPTY_CLASSES = Words(
    "{folder} has class folders without photos: {classes}. Add photos, whose names end in {endings}, or "
    "remove these folders.",
    "В {folder} есть папки классов без фотографий: {classes}. Добавьте фотографии, имена которых кончаются "
    "на {endings}, или уберите эти папки.",
)
ONLY_IN_CASE = Words(
    "The class folders {label} and {other} in {folder} differ only in case; put their photos into one folder "
    "or rename one.",
    "Папки классов {label} и {other} в {folder} различаются только регистром; сложите фотографии в одну или "
    "переименуйте.",
)
UNSHOWABLE = Words(
    "The name of the class folder {label} in {folder} holds a line break or another character that can't be "
    "shown; rename it.",
    "В имени папки класса {label} в {folder} есть перевод строки или другой непечатный символ; переименуйте.",
)
OTHER_CLASSES = Words(
    "{train} and {validation} must have the same classes ({differences}); add the missing folders or remove "
    "the others.",
    "В {train} и {validation} должны быть одни и те же классы ({differences}); добавьте недостающие папки "
    "или уберите лишние.",
)
ONLY_IN = Words("only in {side}/: {classes}", "только в {side}/: {classes}")

FOUND_THERE = Words("{text} Found there: {told}.", "{text} Там лежит вот что: {told}.")
IN_NO_SUBFOLDER = Words("{photos} in no subfolder", "{photos} вне подпапок")
WRAPS_CLASSES = Words(
    "{name} holds folders of photos; if they are the classes, give {folder} itself",
    "в {name} папки с фотографиями; если это классы, укажите саму {folder}",
)
HOLDS_FILES = Words(
    "{label} holds {files}, none a photo by its name: {contents}",
    "в {label} {files}, по именам ни одной фотографии: {contents}",
)
HOLDS_FOLDERS = Words(
    "{label} holds {folders}, not looked into, and no photo: {contents}",
    "в {label} {folders}, куда не заглядывают, и ни одной фотографии: {contents}",
)
HOLDS_NOTHING = Words("{label} is empty", "{label} пуста")
FOLDERS = Plural(("{count} folder", "{count} folders"), ("{count} папка", "{count} папки", "{count} папок"))

MOST_NAMED = 5


def refusals(layout: Layout) -> Iterator[Words]:
    """Why a folder can't be learned from, what has to be mended first at first; nothing where it can be."""
    sides = layout.sides
    if list(sides) == [VALIDATION]:
        folder, judged = str(layout.root), sides[VALIDATION].root.name
        yield NO_TRAINING_SET.fill(folder=folder, judged=judged, example=str(layout.root / TRAIN))
        return
    for side in sides.values():
        yield from _of_side(side, layout)
    if len(sides) == 2:
        yield from _differences(sides[TRAIN], sides[VALIDATION])


def _of_side(side: ClassFolders, layout: Layout) -> Iterator[Words]:
    classes, folder = side.classes, str(side.root)
    for label, folders in Counter(classes).items():
        if folders > 1:
            yield SAME_NAME.fill(folder=folder, label=label)
    if not side.photos:
        text = NO_PHOTOS.fill(folder=folder, example=str(side.root / "bmw_x5" / "1.jpg"))
        there = list(_what_lies_there(layout))
        yield FOUND_THERE.fill(text=text, told=joined(there, "; ")) if there else text
        return
    if len(classes) == 1:
        yield ONE_CLASS.fill(folder=folder, label=classes[0])
    empty = [Holding.of(each).words for each in side.folders if not side.counts[class_of(each)]]
    if empty:
        yield EMPTY_CLASSES.fill(folder=folder, classes=joined(empty, "; "), endings=", ".join(EXTENSIONS))
    seen: dict[str, str] = {}
    for label in classes:
        twin = seen.setdefault(unicodedata.normalize("NFC", label.casefold()), label)
        if twin != label:
            yield ONLY_IN_CASE.fill(folder=folder, label=twin, other=label)
        if not label.isprintable():
            yield UNSHOWABLE.fill(folder=folder, label=repr(label))


def _differences(train: ClassFolders, validation: ClassFolders) -> Iterator[Words]:
    differences = [
        ONLY_IN.fill(side=side.root.name, classes=", ".join(only))
        for side, other in ((train, validation), (validation, train))
        if (only := sorted(set(side.classes) - set(other.classes)))
    ]
    if differences:
        yield OTHER_CLASSES.fill(
            train=str(train.root), validation=str(validation.root), differences=joined(differences, "; ")
        )


def _what_lies_there(layout: Layout) -> Iterator[Words]:
    """What there is where photos should be."""
    if layout.loose:
        yield IN_NO_SUBFOLDER.fill(photos=PHOTOS.of(len(layout.loose)))
    skipped = (Path(error.photo) for error in layout.passed_over if error.reason_words != SYSTEM_FOLDER)
    folders = sorted({*skipped, *(folder for side in layout.sides.values() for folder in side.folders)})
    for folder in folders[:MOST_NAMED]:
        if _wraps_classes(folder):
            yield WRAPS_CLASSES.fill(name=folder.name, folder=str(folder))
        else:
            yield Holding.of(folder).words


def _wraps_classes(folder: Path) -> bool:
    return any(
        is_photo_file(file) for inside in entries(folder) if inside.is_dir() for file in entries(inside)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What lies in a class folder without photos: how many files of which ending, and which folders."""

    label: str
    files: Mapping[str, int]
    folders: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path) -> Holding:
        """Look into a folder."""
        inside = entries(folder)
        files = Counter(each.suffix or "?" for each in inside if not each.is_dir())
        folders = tuple(each.name for each in inside if each.is_dir())
        return cls(label=class_of(folder), files=dict(files.most_common()), folders=folders)

    @property
    def words(self) -> Words:
        """Such as "b holds 6 files, none a photo by its name: 6 .HEIC"."""
        files = [f"{count} {ending}" for ending, count in self.files.items()]
        contents = ", ".join([*files[:MOST_NAMED], *(f"{name}/" for name in self.folders[:MOST_NAMED])])
        count = sum(self.files.values())
        if count:
            return HOLDS_FILES.fill(label=self.label, files=FILES.of(count), contents=contents)
        if self.folders:
            folders = FOLDERS.of(len(self.folders))
            return HOLDS_FOLDERS.fill(label=self.label, folders=folders, contents=contents)
        return HOLDS_NOTHING.fill(label=self.label)
