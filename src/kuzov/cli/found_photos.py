"""What was found in a folder of photos: its classes, and what is left out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kuzov.cli.language import note
from kuzov.words import PHOTOS, Plural, Words, plain

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
LEFT_OUT = Words("Left out: {photo}: {reason}", "Не взято: {photo}: {reason}")


def tell_dataset(dataset: Dataset) -> None:
    """Name the classes with their photos, and all that is left out, before a training begins."""
    sides = [Counter(photo.label for photo in side) for side in (dataset.train, dataset.validation)]
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
