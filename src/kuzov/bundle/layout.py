"""Where things stand in a model folder: `<base>/<version>/…`, the version an integer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kuzov.errors import BundleError, reason_of
from kuzov.words import Words

SAVED_MODEL = "saved_model.pb"
LABELS = Path("assets", "labels.txt")
CARD = Path("assets.extra", "card.json")
WARMUP_REQUESTS = Path("assets.extra", "tf_serving_warmup_requests")
REPORT = Path("assets.extra", "report.html")
LEARNED_FROM = Path("assets.extra", "learned_from.txt")
OPENVINO_MODEL = Path("assets.extra", "openvino", "model.xml")
OPENVINO_INT8_MODEL = Path("assets.extra", "openvino-int8", "model.xml")
UNPUBLISHED = ".unpublished"  # in a model folder; servers look at folders named by a number only

NO_FOLDER = Words(
    "There is no model folder {base}. Train one: kuzov train PHOTOS --out {base}",
    "Нет папки модели {base}. Обучите распознаватель: kuzov train ПАПКА_С_ФОТО --out {base}",
)
NO_VERSION = Words(
    "No version in the model folder {base}: it needs a subfolder named by a number, with a {file} inside. "
    "Train one: kuzov train PHOTOS --out {base}",
    "В папке модели {base} нет версии: нужна вложенная папка с числом вместо имени, в ней — {file}. "
    "Обучите распознаватель: kuzov train ПАПКА_С_ФОТО --out {base}",
)
A_VERSION = Words(
    "{base} is the folder of one version. Give the folder that it lies in, {parent}.",
    "{base} — папка одной версии. Укажите папку, в которой она лежит: {parent}.",
)
NO_NUMBER = Words(
    "{base} holds a model itself rather than versions. Move the model into a subfolder named by a number, "
    "such as {base}/1.",
    "В {base} лежит сама модель, а не версии. Перенесите её во вложенную папку с числом вместо имени, "
    "например {base}/1.",
)
_UNREADABLE = Words("{path} can't be read: {why}.", "{path} не читается: {why}.")
_NOT_THERE = Words("There is no version {version} in {base}.", "Версии {version} в {base} нет.")
MODEL_FOLDERS = Words(
    "{base} holds no versions but model folders: {names}. Give one of them, such as {first}.",
    "В {base} лежат не версии, а папки моделей: {names}. Укажите одну из них, например {first}.",
)


def versions(base: Path) -> list[int]:
    """The versions in a model folder, ascending; folders of other names, or without a model, don't count.

    Raises:
        BundleError: It can't be looked into.
    """
    return sorted(_folders(base))


def version_folder(base: Path, version: int) -> Path:
    """The folder of a version; its name may have leading zeros.

    Raises:
        BundleError: There is no such version, or the model folder can't be looked into.
    """
    folder = _folders(base).get(version)
    if folder is None:
        raise BundleError(_NOT_THERE.fill(version=version, base=str(base)))
    return folder


def _folders(base: Path) -> dict[int, Path]:
    """The folders of versions; of two that spell one number, the first by name, as for a server."""
    found: dict[int, Path] = {}
    with reading(base):
        inside = sorted(base.iterdir()) if base.is_dir() else []
    for folder in inside:
        if is_version(folder):
            found.setdefault(int(folder.name), folder)
    return found


def is_version(folder: Path) -> bool:
    """Whether a folder is named by a number and holds a model.

    Raises:
        BundleError: It can't be looked into.
    """
    return _is_number(folder.name) and holds(folder, SAVED_MODEL)


def holds(folder: Path, file: str | Path) -> bool:
    """Whether a file lies in a folder.

    Raises:
        BundleError: It can't be looked into.
    """
    with reading(folder / file):
        return (folder / file).is_file()


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Have what the system says against looking at a part of a model told as a BundleError."""
    try:
        yield
    except OSError as error:
        raise BundleError(_UNREADABLE.fill(path=str(path), why=reason_of(error))) from error


def newest(base: Path) -> Path:
    """The folder of the newest version.

    Raises:
        BundleError: The folder is missing, can't be looked into or holds no version.
    """
    found = versions(base)
    if not found:
        if not base.is_dir():
            raise BundleError(NO_FOLDER.fill(base=str(base)))
        words = misplaced(base) or NO_VERSION.fill(base=str(base), file=SAVED_MODEL)
        raise BundleError(words)
    return version_folder(base, found[-1])


def misplaced(base: Path) -> Words | None:
    """Which folder may be meant by one that holds no versions: it is one, or holds model folders, or None.

    Raises:
        BundleError: It can't be looked into.
    """
    if holds(base, SAVED_MODEL):
        named = base if base.name else base.resolve()  # "." has no name
        words = A_VERSION if _is_number(named.name) else NO_NUMBER
        return words.fill(base=str(base), parent=str(named.parent))
    try:
        inside = [each.name for each in sorted(base.iterdir()) if versions(each)]
    except (OSError, BundleError):
        return None
    if not inside:
        return None
    return MODEL_FOLDERS.fill(base=str(base), names=", ".join(inside), first=str(base / inside[0]))


def resolve(path: Path) -> Path:
    """The version folder that a user means: `path` itself if it holds a model, else its newest version.

    Raises:
        BundleError: Neither is there, or it can't be looked into.
    """
    return path if holds(path, SAVED_MODEL) else newest(path)


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit()
