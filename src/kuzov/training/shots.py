"""How good a recogniser is that knows only a few photos of each class, its shots.

Features, labels and groups are those of `kuzov.training.judge`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kuzov.data.dataset import Dataset
from kuzov.errors import ConfigError, DatasetError
from kuzov.model.head import Features, Labels, directions
from kuzov.run_metrics import LearningCurve
from kuzov.training.judge import Rows, accuracy, ask_others, different_photos, side_by_side
from kuzov.words import PHOTOS, Words

NOT_SHOTS = Words(
    "shots is {shots}; it must be 1 or more photos of each class.",
    "shots — {shots}, а нужно 1 фото каждого класса или больше.",
)
NONE_LEFT = Words(
    "With {photos} of each class to learn from, {folder} has no different photo left to test on of: {short}. "
    "Give fewer shots or add photos.",
    "Если учить по {photos} каждого класса, в {folder} не остаётся другого фото для проверки: {short}. "
    "Уменьшите --shots или добавьте фото.",
)


SHOT_DRAWS = 20
"""Draws of a run that is judged by few shots."""

LADDER = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Photos a class of the learning curve's points."""

# A curve costs about as long as its fits' products, summed over draws: this many take a second. Three draws
# of the longest ladder are still only a quarter of what choosing the head's regularisation takes.
CURVE_PRODUCTS = 80_000_000
FEWEST_CURVE_DRAWS, MOST_CURVE_DRAWS = 3, 5


@dataclass(frozen=True, slots=True)
class Draw:
    """Rows of the photos drawn, as many of each class, and of all others; by class, then ascending.

    Of copies of a photo only the first has its row in one of the two.
    """

    known: Rows
    others: Rows


def require_shots(dataset: Dataset, shots: int) -> None:
    """See that a photo of each class is left to test on.

    Raises:
        ConfigError: `shots` is less than 1.
        DatasetError: It is too many.
    """
    if shots < 1:
        raise ConfigError(NOT_SHOTS.fill(shots=shots))
    photos = {(photo.label, photo.group) for photo in dataset.train + dataset.validation}
    labels = [label for label, _ in photos]
    short = [f"{name} ({labels.count(name)})" for name in dataset.classes if labels.count(name) <= shots]
    if short:
        raise DatasetError(
            NONE_LEFT.fill(photos=PHOTOS.of(shots), folder=str(dataset.root), short=", ".join(short))
        )


def draw_shots(labels: Labels, groups: Sequence[str], *, shots: int, draws: int, seed: int) -> list[Draw]:
    """Draw a few photos of each class, again and again.

    A draw of more shots has the photos of the same draw of fewer, and others.

    Raises:
        ValueError: `shots` is not in 1 .. the number of different photos of the smallest class - 1.
    """
    _, rows = np.unique(np.array(groups), return_index=True)
    rows.sort()
    classes = [rows[labels[rows] == label] for label in range(int(labels.max()) + 1)]
    if not 1 <= shots < min(map(len, classes)):
        raise ValueError(f"{shots} photos of a class that has {min(map(len, classes))}")
    return [_draw(classes, shots, np.random.default_rng([seed, number])) for number in range(draws)]


def _draw(classes: Sequence[Rows], shots: int, rng: np.random.Generator) -> Draw:
    shuffled = [rng.permutation(rows) for rows in classes]
    return Draw(
        known=np.concatenate([np.sort(rows[:shots]) for rows in shuffled]),
        others=np.concatenate([np.sort(rows[shots:]) for rows in shuffled]),
    )


def judge_shots(
    features: Features, labels: Labels, draws: Sequence[Draw], *, inverse_regularisation: float
) -> list[float]:
    """Accuracy, 0..1, of a head fitted on each draw's known photos, on its others' first views."""
    return _judge(directions(features), labels, draws, inverse_regularisation)


def _judge(shown: Features, labels: Labels, draws: Sequence[Draw], strength: float) -> list[float]:
    """`judge_shots` by the directions of the features."""

    def judge(draw: Draw) -> float:
        found = ask_others(shown, labels, draw.known, draw.others, strength)
        return accuracy(found, labels[draw.others])

    return side_by_side(judge, draws)


def learning_curve(
    features: Features, labels: Labels, groups: Sequence[str], *, inverse_regularisation: float, seed: int
) -> LearningCurve:
    """Judge ever more shots, as far as the smallest class allows."""
    counts = different_photos(labels, groups)
    ladder = [shots for shots in LADDER if shots < min(counts)]
    products = sum(ladder) * len(counts) ** 2 * features[0].size
    draws = int(np.clip(CURVE_PRODUCTS // max(products, 1), FEWEST_CURVE_DRAWS, MOST_CURVE_DRAWS))
    drawn = [
        draw for shots in ladder for draw in draw_shots(labels, groups, shots=shots, draws=draws, seed=seed)
    ]
    accuracies = _judge(directions(features), labels, drawn, inverse_regularisation)
    points = [accuracies[first : first + draws] for first in range(0, len(drawn), draws)]
    return LearningCurve(
        shots=tuple(ladder),
        mean=tuple(float(np.mean(each)) for each in points),
        std=tuple(float(np.std(each)) for each in points),
        draws=draws,
    )
