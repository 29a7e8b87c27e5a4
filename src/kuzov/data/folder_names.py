"""What a folder's name says: a set of class folders, a class, or neither."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from kuzov.bundle.layout import SAVED_MODEL
from kuzov.images.formats import is_photo_file
from kuzov.run_metrics import METRICS_FILE
from kuzov.words import Words

TRAIN, VALIDATION, TEST = "train", "validation", "test"

SETS: Mapping[str, tuple[str, ...]] = {
    TRAIN: ("train", "training"),
    VALIDATION: ("validation", "val", "valid", "validate", "eval", "evaluation", "dev", "devel"),
    TEST: ("test", "tests", "testing"),
}
"""Names of sets, in any case; of several the first is taken. They may end in "set", "_data" and the like."""

SYSTEM_FOLDER = Words("is a folder of the system's, and no class", "системная папка, а не класс")
OURS = Words(
    "holds models or runs of kuzov's, so it is no class", "здесь модели или отчёты kuzov, а не класс"
)
NO_CLASS_NAME = Words(
    "is no class by its name, so it is not looked into; rename it if it is one",
    "судя по имени, не класс, и в неё не заглядывают; если это класс, переименуйте",
)

_OF_WHAT = r"[ _.-]*(?:set|split|data|images?|imgs?|photos?|pictures?|pics?|\d+)?"
_PATTERNS = {name: re.compile(rf"(?:{'|'.join(words)}){_OF_WHAT}") for name, words in SETS.items()}

# No car is called so; a folder often is.
_NO_CLASSES = frozenset({
    "model", "models", "run", "runs", "evaluation", "evaluations", "report", "reports", "result", "results",
    "log", "logs", "checkpoint", "checkpoints", "weights", "out", "output", "outputs", "quarantine",
    "image", "images", "img", "imgs", "photo", "photos", "picture", "pictures", "pic", "pics", "thumbnails",
    "thumbs", "data", "dataset", "datasets", "raw", "tmp", "temp", "backup", "backups", "cache",
    "label", "labels", "annotation", "annotations",
    "модели", "фото", "фотографии", "картинки", "изображения", "снимки", "данные",
})  # fmt: skip
_OUR_FILES = (SAVED_MODEL, METRICS_FILE)
_SYSTEM_FOLDERS = frozenset(
    ("system volume information", "lost+found", "recycler", "recycled", "node_modules", "venv")
)
_SYSTEM_MARKS = ("@", "#", "$", "~", "__")  # of Synology, QNAP, Windows, macOS and Python


def set_of(name: str) -> str | None:
    """Which set of class folders has this name: "train", "validation", "test" or None."""
    folded = _folded(name)
    return next((each for each, pattern in _PATTERNS.items() if pattern.fullmatch(folded)), None)


def set_order(name: str) -> tuple[int, str]:
    """Sorts the names of a set: the one to take, of several folders, comes first."""
    words, folded = SETS[set_of(name) or TRAIN], _folded(name)
    return words.index(folded) if folded in words else len(words), name


def why_no_class_name(name: str) -> Words | None:
    """Why no class is called so; None where one may be."""
    folded = _folded(name)
    if folded.startswith(_SYSTEM_MARKS) or folded in _SYSTEM_FOLDERS:
        return SYSTEM_FOLDER
    return NO_CLASS_NAME if folded in _NO_CLASSES or set_of(name) else None


def why_no_class(folder: Path) -> Words | None:
    """Why a folder of a folder of photos is no class, though it may hold photos; None where it is one."""
    return OURS if _holds_ours(folder) else why_no_class_name(folder.name)


def _holds_ours(folder: Path) -> bool:
    """Whether a folder is a version's or a run's, or holds such folders, as one given by --out does."""
    if any(next(folder.glob(file), None) for file in _OUR_FILES):
        # Other programs have a metrics.json too; but we put no photo beside ours.
        return not any(each.is_file() and is_photo_file(each) for each in folder.iterdir())
    return any(next(folder.glob(f"*/{file}"), None) for file in _OUR_FILES)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())
