"""What a training has found in a folder of photos, told before it begins."""

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
LEFT_OUT = Words("Left out: {file}", "Не взято: {file}")


def tell_dataset(dataset: Dataset) -> None:
    """Name the classes with their photos, and all that is left out."""
    sides = [Counter(photo.label for photo in side) for side in (dataset.train, dataset.validation)]
    learned, judged = (sum(side.values()) for side in sides)
    note(LEARNING.of(len(dataset.classes), learned=PHOTOS.of(learned), judged=judged))
    width = max(map(len, dataset.classes))
    for label in dataset.classes:
        note(plain(f"  {label:<{width}}  {sides[0][label]} + {sides[1][label]}"))
    for error in (*dataset.passed_over, *dataset.rejected):
        note(LEFT_OUT.fill(file=error.words))
