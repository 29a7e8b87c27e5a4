"""Which files of a folder of photos are looked at, and as what."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import Path

from kuzov.data.names import NAMES_FILE
from kuzov.errors import DatasetError, reason_of
from kuzov.images.formats import EXTENSIONS
from kuzov.words import Words

NOT_A_PHOTO = Words(
    f"is not a photo by its name; photos end in {', '.join(EXTENSIONS)}",
    f"судя по имени, не фотография; имена фотографий кончаются на {', '.join(EXTENSIONS)}",
)
LOOSE = Words(
    "lies beside the class folders, so it has no class; move it into one of them",
    "лежит рядом с папками классов, так что класса у него нет; переложите в одну из них",
)
NESTED = Words(
    "is a folder inside a class folder, which is not looked into; move its photos up",
    "папка внутри папки класса, в неё не заглядывают; поднимите фотографии выше",
)

_NO_FOLDER = Words(
    "There is no folder {folder}; give one with a subfolder of photos a model.",
    "Папки {folder} нет; укажите такую, где у каждой модели своя подпапка с фотографиями.",
)
_A_FILE = Words(
    "{folder} is a file; give a folder with a subfolder of photos a model, or a zip of one.",
    "{folder} — файл; укажите папку, где у каждой модели своя подпапка с фотографиями, или её zip.",
)
_UNREADABLE = Words("The folder {folder} can't be read: {why}.", "Папка {folder} не читается: {why}.")
_IGNORED = {NAMES_FILE, "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}  # Windows', and macOS'


def require_folder(folder: Path) -> None:
    """Refuse what is no folder.

    Raises:
        DatasetError: It is missing, or a file.
    """
    if not folder.exists():
        raise DatasetError(_NO_FOLDER.fill(folder=str(folder)))
    if not folder.is_dir():
        raise DatasetError(_A_FILE.fill(folder=str(folder)))


def entries(folder: Path) -> list[Path]:
    """What lies in the folder, without hidden and system files, in the same order on any file system.

    Raises:
        DatasetError: It can't be read.
    """
    try:
        found = [entry for entry in folder.iterdir() if not is_ignored(entry.name)]
    except OSError as error:
        raise DatasetError(_UNREADABLE.fill(folder=str(folder), why=reason_of(error))) from error
    return sorted(found, key=lambda entry: (unicodedata.normalize("NFC", entry.name), entry.name))


def is_ignored(name: str) -> bool:
    """Whether a file or folder of this name is hidden or a system's."""
    return name.startswith(".") or name.casefold() in _IGNORED


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
