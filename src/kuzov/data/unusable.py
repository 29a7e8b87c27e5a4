"""Why photos can't be learned from that were read: which are unreadable, too few, or on both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kuzov.data.files import class_of
from kuzov.errors import DatasetError, PhotoError
from kuzov.words import Plural, Words, joined

if TYPE_CHECKING:
    from kuzov.data.dataset import Photo
    from kuzov.data.layout import ClassFolders

REJECTED = Plural(
    (
        "{count} file in {folder} can't be used; mend or remove it: {files}.",
        "{count} files in {folder} can't be used; mend or remove them: {files}.",
    ),
    (
        "В {folder} не годится {count} файл; исправьте или уберите: {files}.",
        "В {folder} не годятся {count} файла; исправьте или уберите: {files}.",
        "В {folder} не годятся {count} файлов; исправьте или уберите: {files}.",
    ),
)
TOO_FEW = Words(
    "Each class in {folder} needs {least} or more different, readable photos; too few have: {counts}. "
    "{advice}",
    "В {folder} каждому классу нужно {least} или больше разных читаемых фотографий; слишком мало у: "
    "{counts}. {advice}",
)
LEFT_OUT = Words("Left out: {file}{others}: {reason}.", "Не взято: {file}{others}: {reason}.")
AND_OTHERS = Words(" and {count} more", " и ещё {count}")
ADD_OR_REMOVE = Words("Add photos or remove these folders.", "Добавьте фотографии или уберите эти папки.")
LEAKS = Plural(
    (
        "{count} photo to judge by shows the same picture as one to learn from, so the figures would be too "
        "good: {pairs}. Remove one of the two, or allow it with --allow-leaks (in Python, allow_leaks=True).",
        "{count} photos to judge by show the same pictures as some to learn from, so the figures would be "
        "too good: {pairs}. Remove one of each pair, or allow it with --allow-leaks (in Python, "
        "allow_leaks=True).",
    ),
    (
        "На {count} фото для проверки та же картинка, что и на обучающем, поэтому оценка была бы завышена: "
        "{pairs}. Уберите одно из каждой пары или разрешите это: --allow-leaks (в Python — "
        "allow_leaks=True).",
    )
    * 3,
)
PAIR = Words("{learned} and {judged}", "{learned} и {judged}")
MORE_PAIRS = Words("and {count} more", "и ещё {count}")

SHOWN_LEAKS = 3


def refuse_rejected(folder: Path, rejected: Sequence[PhotoError]) -> None:
    """Have no file in the folder left out.

    Raises:
        DatasetError: One is.
    """
    if rejected:
        files = joined((error.words for error in rejected), "; ")
        raise DatasetError(REJECTED.of(len(rejected), folder=str(folder), files=files))


def require_photos(
    listed: ClassFolders, photos: Sequence[Photo], least: int, rejected: Sequence[PhotoError]
) -> None:
    """Each class needs a few different photos: copies of one can't stand on both sides.

    Raises:
        DatasetError: A class has fewer; the text tells which of its files are left out, too.
    """
    different = Counter(label for label, _ in {(photo.label, photo.group) for photo in photos})
    short = tuple(label for label in listed.classes if different[label] < least)
    if short:
        counts = ", ".join(f"{label} ({different[label]})" for label in short)
        folders = [folder for folder in listed.folders if class_of(folder) in short]
        left_out = [told for folder in folders for told in _left_out(folder, rejected)]
        advice = joined([*left_out, ADD_OR_REMOVE], " ")
        text = TOO_FEW.fill(folder=str(listed.root), least=least, counts=counts, advice=advice)
        raise DatasetError(text, "few_different", short)


def _left_out(folder: Path, rejected: Sequence[PhotoError]) -> Iterator[Words]:
    """How many files of a class can't be used for which reason."""
    reasons: dict[Words, list[str]] = {}
    for error in rejected:
        if Path(error.photo).parent == folder:
            reasons.setdefault(error.reason_words, []).append(Path(error.photo).name)
    for reason, names in reasons.items():
        others = AND_OTHERS.fill(count=len(names) - 1) if len(names) > 1 else ""
        yield LEFT_OUT.fill(file=str(folder / names[0]), others=others, reason=reason)


def refuse_leaks(leaks: Sequence[tuple[Photo, Photo]]) -> None:
    """Have no picture both learned from and judged by; a leak is the photo of either side.

    Raises:
        DatasetError: There are such pictures.
    """
    if leaks:
        pairs = [
            PAIR.fill(learned=str(learned.path), judged=str(judged.path))
            for learned, judged in leaks[:SHOWN_LEAKS]
        ]
        if len(leaks) > SHOWN_LEAKS:
            pairs.append(MORE_PAIRS.fill(count=len(leaks) - SHOWN_LEAKS))
        raise DatasetError(LEAKS.of(len(leaks), pairs=joined(pairs, "; ")))
