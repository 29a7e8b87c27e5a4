"""What was found in a folder of photos: its classes, and what is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kuzov.cli.language import note
from kuzov.words import PHOTOS, Plural, Words, joined, plain

if TYPE_CHECKING:
    from kuzov.data.dataset import Dataset

LEARNING = Plural(
    (
        "Learning {count} class from {learned}, judged by {judged} more:",
        "Learning {count} classes from {learned}, judged by {judged} more:",
    ),
    (
        "Учим {count} класс: {learned} для обучения, {judged} для проверки",
        "Учим {count} класса: {learned} для обучения, {judged} для проверки",
        "Учим {count} классов: {learned} для обучения, {judged} для проверки",
    ),
)
NO_PHOTOS = Plural(
    (
        "Left out {count} file that is no photo by the ending of its name: {endings}.",
        "Left out {count} files that are no photos by the endings of their names: {endings}.",
    ),
    (
        "Не взят {count} файл, судя по окончанию имени, не фотография: {endings}.",
        "Не взяты {count} файла, судя по окончаниям имён, не фотографии: {endings}.",
        "Не взято {count} файлов, судя по окончаниям имён, не фотографий: {endings}.",
    ),
)
NO_ENDING = Words("none", "без окончания")
LEFT_OUT = Words("Left out: {photo}: {reason}", "Не взято: {photo}: {reason}")


def tell_dataset(dataset: Dataset, *, shots: int | None = None) -> None:
    """Name the classes with their photos, and all that is left out, before a training begins.

    With `shots` so many photos of each class are learned from, and all others judge.
    """
    sides = [Counter(photo.label for photo in side) for side in (dataset.train, dataset.validation)]
    if shots is not None:
        drawn = Counter(dict.fromkeys(dataset.classes, shots))
        sides = [drawn, sides[0] + sides[1] - drawn]
    learned, judged = (sum(side.values()) for side in sides)
    note(LEARNING.of(len(dataset.classes), learned=PHOTOS.of(learned), judged=judged))
    width = max(map(len, dataset.classes))
    for label in dataset.classes:
        note(plain(f"  {label:<{width}}  {sides[0][label]} + {sides[1][label]}"))
    for error in (*dataset.passed_over, *dataset.rejected):
        tell_left_out(error.photo, error.reason_words)


def tell_left_out(photo: str, reason: Words) -> None:
    """Name a file or a folder that is left out, and why."""
    note(LEFT_OUT.fill(photo=photo, reason=reason))


def tell_no_photos(endings: Mapping[str, int]) -> None:
    """Tell how many files of folders are left out, by their names' endings, if there are any."""
    if endings:
        named = sorted(endings, key=lambda each: each or NO_ENDING.en)
        told = joined(plain(each) if each else NO_ENDING for each in named)
        note(NO_PHOTOS.of(sum(endings.values()), endings=told))
