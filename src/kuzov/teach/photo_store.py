"""The photos that a model is taught by: a folder as `kuzov train` reads it.

PHOTOS/bmw_x5/4f1c….jpg             or, where PHOTOS is divided, PHOTOS/train/… and PHOTOS/validation/…
PHOTOS/classes.toml                 what people call the classes
PHOTOS/.none/4f1c….jpg              photos that show none of the cars: nothing learns from them, every new
                                    version is asked about them
PHOTOS/.removed/bmw_x5/4f1c….jpg    what a teacher took out

It may be a folder that the user filled before; of what is in it nothing is deleted or overwritten. One edit
at a time; what is read meanwhile is never half there.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from kuzov.atomic import free_name, hidden_in, place
from kuzov.config import TrainConfig
from kuzov.data.files import class_of, digest_of, entries
from kuzov.data.folder_names import VALIDATION, set_of
from kuzov.data.layout import ClassFolders, read_layout
from kuzov.data.names import load_names
from kuzov.errors import DatasetError, PhotoError
from kuzov.images import formats
from kuzov.images.decode import decode
from kuzov.images.formats import PROBE_BYTES, format_of, is_photo_file
from kuzov.records import ClassName
from kuzov.teach.class_names import checked_name, edited_names
from kuzov.teach.refusal import RefusedError, disk_refusals

REMOVED = ".removed"
NONE = ".none"
"""The id of what is no class: photos that show none of the cars."""
_NAME_DIGITS = 20
_THUMBNAIL_PX = 64
_ENDINGS = {
    formats.JPEG: ".jpg",
    formats.PNG: ".png",
    formats.WEBP: ".webp",
    formats.HEIF: ".heic",
    formats.AVIF: ".avif",
    formats.BMP: ".bmp",
    formats.GIF: ".gif",
    formats.ICO: ".ico",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPhoto:
    """A photo in the folder: its class id, and where it lies."""

    label: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What became of a photo: "added"; "there already", in this class; or "moved", from its former one."""

    photo: StoredPhoto
    outcome: str
    former: str | None = None


class PhotoStore:
    """A folder of photos that is edited photo by photo, and read; a DatasetError says why it can't be.

    It appears with the first photo; none of more than `max_pixels` is taken. What can't be done is a
    RefusedError, and nothing has changed then.
    """

    def __init__(self, folder: Path, *, max_pixels: int) -> None:
        self.folder = folder
        self._max_pixels = max_pixels

    def photos(self) -> list[StoredPhoto]:
        """All photos of classes, by class and name."""
        found = [photo for side in self._sides() for photo in _stored(side)]
        return sorted(found, key=lambda photo: (photo.label, photo.path.name))

    def strangers(self) -> list[StoredPhoto]:
        """The photos that show none of the cars, by name."""
        folder = self.folder / NONE
        return list(_photos_in(folder, NONE)) if folder.is_dir() else []

    def counts(self) -> dict[str, int]:
        """Photos by class, as far as there are folders for them."""
        folders = {label: 0 for side in self._sides() for label in side.classes}
        for photo in self.photos():
            folders[photo.label] += 1
        return dict(sorted(folders.items()))

    def names(self) -> tuple[ClassName, ...]:
        """Display names of the classes; where classes.toml is wrong, their ids."""
        labels = tuple(self.counts())
        try:
            return load_names(self.folder, labels)
        except DatasetError:
            return tuple(ClassName(id=each, en=each, ru=each) for each in labels)

    def find(self, label: str, name: str) -> StoredPhoto:
        """A photo by its class and name."""
        for photo in (*self.photos(), *self.strangers()):
            if (photo.label, photo.path.name) == (label, name):
                return photo
        raise RefusedError("no_such_photo", f"There is no photo {name} of {label} any more.")

    def add(self, content: bytes, name: ClassName, *, may_move: bool) -> Placed:
        """Say that a photo shows a class, or `NONE` of them; a new class appears with its first photo.

        Where the same photo lies in another class, it is moved, if it may be now: the teacher corrects that.
        """
        if name.id != NONE:
            name = checked_name(name)
            self._check_twin(name.id)
        self._check_photo(content)
        digest = hashlib.sha256(content).hexdigest()
        equal = self._equal(digest, len(content))
        for photo in equal:
            if photo.label == name.id:
                return Placed(photo=photo, outcome="there already")
        with disk_refusals(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            if equal:
                return self._move(equal[0], name, may_move=may_move)
            file = f"{digest[:_NAME_DIGITS]}{_ENDINGS[format_of(content[:PROBE_BYTES]) or formats.JPEG]}"
            with hidden_in(self.folder, file) as incoming:
                incoming.write_bytes(content)
                folder = self._folder_of(name.id, self._side_for(name.id))
                path = self._place(incoming, folder / file, name=name)
        return Placed(photo=StoredPhoto(label=name.id, path=path), outcome="added")

    def take_out(self, label: str, name: str) -> Path:
        """Move a photo out of sight, into PHOTOS/.removed, and say where; a class goes with its last one."""
        photo = self.find(label, name)
        with disk_refusals(self.folder):
            path = self._place(photo.path, self.folder / REMOVED / label / name, former=label)
            self._tidy(label)
        return path

    def check_trainable(self) -> None:
        """See that there is something to learn from: two classes or more, with two photos or more each."""
        counts = self.counts()
        short = [f"{label} ({count})" for label, count in counts.items() if count < 2]
        if len(counts) < 2:
            text = (
                f"{self.folder} has photos of too few cars ({len(counts)}); a recogniser needs two or more."
            )
        elif short:
            text = f"Each car needs two or more photos; too few have: {', '.join(short)}."
        else:
            return
        raise RefusedError("too_few", text)

    def fill_sides(self) -> None:
        """Where the folder is divided, give each class of two photos or more one on either side."""
        sides = self._sides()
        if len(sides) < 2:
            return
        with disk_refusals(self.folder), ExitStack() as undo:
            for label, count in self.counts().items():
                found = [[photo for photo in _stored(side) if photo.label == label] for side in sides]
                if count > 1 and not all(found):
                    full, lacking = (found[0], sides[1]) if found[0] else (found[1], sides[0])
                    source = full[-1].path
                    target = self._place(source, self._folder_of(label, lacking.root) / source.name)
                    undo.callback(_put_back, target, source)
            undo.pop_all()

    def _sides(self) -> list[ClassFolders]:
        """The class folders of the photos to learn from, then of those to judge by, if they are apart."""
        return list(read_layout(self.folder).sides.values()) if self.folder.is_dir() else []

    def _side_for(self, label: str) -> Path:
        """Where the next photo of a class goes: to those to judge by where they are too few."""
        sides = self._sides()
        if not sides or set_of(sides[0].root.name) == VALIDATION:
            return self.folder
        if len(sides) == 1:
            return sides[0].root
        learned, judged = (side.counts.get(label, 0) for side in sides)
        fraction = TrainConfig().validation_fraction
        wanted = learned > 0 and judged + 1 <= max(1, fraction * (learned + judged + 1))
        return sides[1].root if wanted else sides[0].root

    def _check_twin(self, label: str) -> None:
        """Refuse a class that differs from another in case only, as `kuzov train` does."""
        folded = unicodedata.normalize("NFC", label.casefold())
        for each in self.counts():
            if each != label and unicodedata.normalize("NFC", each.casefold()) == folded:
                text = f"{label} differs from {each} in capital letters only; use {each}, or another name."
                raise RefusedError("class_name", text)

    def _check_photo(self, content: bytes) -> None:
        try:
            decode(content, at_least_px=_THUMBNAIL_PX, max_pixels=self._max_pixels)
        except PhotoError as error:
            reason = "no_image" if error.kind == "empty_image" else error.kind or "large_image"
            raise RefusedError(reason, f"The photo {error.reason}.") from error

    def _equal(self, digest: str, size: int) -> list[StoredPhoto]:
        """The photos of this content."""
        found = []
        for photo in (*self.photos(), *self.strangers()):
            with suppress(OSError):  # it may be gone meanwhile
                if photo.path.stat().st_size == size and digest_of(photo.path) == digest:
                    found.append(photo)
        return found

    def _move(self, photo: StoredPhoto, name: ClassName, *, may_move: bool) -> Placed:
        if not may_move:
            text = f"This photo lies in {photo.label}; it can be moved once the training is over."
            raise RefusedError("training", text)
        side = self._side_for(name.id) if photo.label == NONE else photo.path.parent.parent
        target = self._folder_of(name.id, side) / photo.path.name
        path = self._place(photo.path, target, former=photo.label, name=name)
        self._tidy(photo.label)
        return Placed(photo=StoredPhoto(label=name.id, path=path), outcome="moved", former=photo.label)

    def _folder_of(self, label: str, side: Path) -> Path:
        """The folder of a class on a side, though it may not be there yet."""
        if label == NONE:
            return self.folder / NONE
        known = (each for listed in self._sides() if listed.root == side for each in listed.folders)
        return next((each for each in known if class_of(each) == label), side / label)

    def _place(
        self, source: Path, target: Path, *, former: str | None = None, name: ClassName | None = None
    ) -> Path:
        """Rename a file out of a class, into one, or both, and edit the names where a class goes or comes.

        Where it raises, all is as it was.
        """
        counts = self.counts()
        gone = former if former is not None and counts.get(former) == 1 else None
        new = None if name is None or name.id == NONE or name.id in counts else name
        path = free_name(target)
        try:
            with edited_names(self.folder, gone=gone, new=new):
                path.parent.mkdir(parents=True, exist_ok=True)
                place(source, path)
        except OSError:
            _put_back(path, source)
            raise
        return path

    def _tidy(self, label: str) -> None:
        """Remove the folders of a class that has no photo any more."""
        if label == NONE:
            with suppress(OSError):  # there are others in it
                (self.folder / NONE).rmdir()
        if self.counts().get(label):
            return
        for side in self._sides():
            for folder in side.folders:
                if class_of(folder) == label:
                    with suppress(OSError):  # something else lies in it
                        folder.rmdir()


def _put_back(moved: Path, source: Path) -> None:
    """Undo what has been done so far to move a file."""
    with suppress(OSError):
        moved.replace(source)
    with suppress(OSError):
        moved.parent.rmdir()  # only a new one is empty


def _stored(side: ClassFolders) -> Iterator[StoredPhoto]:
    for path, label in side.photos:
        if path.is_file():
            yield StoredPhoto(label=label, path=path)


def _photos_in(folder: Path, label: str) -> Iterator[StoredPhoto]:
    for file in entries(folder):
        if file.is_file() and is_photo_file(file):
            yield StoredPhoto(label=label, path=file)
