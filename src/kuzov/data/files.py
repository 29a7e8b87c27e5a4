"""Which files of a folder of photos are looked at, and as what."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from kuzov.data.names import NAMES_FILE
from kuzov.errors import DatasetError, PhotoError
from kuzov.images.decode import EXTENSIONS

NOT_A_PHOTO = f"is not a photo by its name; photos end in {', '.join(EXTENSIONS)}"
LOOSE = "lies beside the class folders, so it has no class; move it into one of them"
NESTED = "is a folder inside a class folder, which is not looked into; move its photos up"

_IGNORED = {NAMES_FILE, "thumbs.db", "desktop.ini"}


@dataclass(frozen=True, slots=True)
class ClassFolders:
    """What lies in a folder of class folders, by names alone.

    Attributes:
        root: The folder.
        folders: The class folders, sorted.
        photos: Those in class folders, sorted, each with its class id.
        rejected: Files that are no photos by their name or place, and why.
    """

    root: Path
    folders: tuple[Path, ...]
    photos: tuple[tuple[Path, str], ...]
    rejected: tuple[PhotoError, ...]


def list_class_folders(root: Path) -> ClassFolders:
    """List a folder of class folders.

    Raises:
        DatasetError: It can't be read.
    """
    folders, photos, rejected = [], [], []
    for entry in entries(root):
        if not entry.is_dir():
            rejected.append(PhotoError(str(entry), LOOSE if is_photo(entry) else NOT_A_PHOTO))
            continue
        folders.append(entry)
        for file in entries(entry):
            if file.is_dir():
                rejected.append(PhotoError(str(file), NESTED))
            elif is_photo(file):
                photos.append((file, class_of(entry)))
            else:
                rejected.append(PhotoError(str(file), NOT_A_PHOTO))
    return ClassFolders(root, tuple(folders), tuple(photos), tuple(rejected))


def require_folder(folder: Path) -> None:
    """Refuse what is no folder.

    Raises:
        DatasetError: It is missing, or a file.
    """
    if not folder.exists():
        raise DatasetError(f"There is no folder {folder}; give one with a subfolder of photos a model.")
    if not folder.is_dir():
        raise DatasetError(f"{folder} is a file; give a folder with a subfolder of photos a model.")


def entries(folder: Path) -> list[Path]:
    """What lies in the folder, without hidden and system files, in the same order on any file system.

    Raises:
        DatasetError: It can't be read.
    """
    try:
        found = [
            entry
            for entry in folder.iterdir()
            if not entry.name.startswith(".") and entry.name.casefold() not in _IGNORED
        ]
    except OSError as error:
        raise DatasetError(f"The folder {folder} can't be read: {error.strerror}.") from error
    return sorted(found, key=lambda entry: (unicodedata.normalize("NFC", entry.name), entry.name))


def is_photo(file: Path) -> bool:
    """Whether a file is a photo by its name."""
    return file.suffix.lower() in EXTENSIONS


def class_of(folder: Path) -> str:
    """Id of the class whose folder this is: its name in Unicode's composed form (NFC)."""
    return unicodedata.normalize("NFC", folder.name)


def digest_of(file: Path) -> str:
    """SHA-256 of a file's content, in hex.

    Raises:
        OSError: It can't be read.
    """
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
