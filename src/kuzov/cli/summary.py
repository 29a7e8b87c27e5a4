"""Results as lines: a name, and beside it, below each other, what there is to say."""

from __future__ import annotations

from collections.abc import Sequence

from kuzov.cli.language import percent
from kuzov.words import PHOTOS, Words

REPORT = Words("Report", "Отчёт")
JUDGED = Words(
    "{right} of {photos} right: {accuracy}, 95 % interval {low} to {high}",
    "верно {right} из {photos}: {accuracy}, 95-процентный интервал от {low} до {high}",
)
_LEAST_WIDTH = 18


def how_many_right(right: int, total: int, accuracy: float, interval: Sequence[float]) -> Words:
    """How many photos were recognised, and the interval, low and high, of the accuracy."""
    low, high = interval
    return JUDGED.fill(
        right=right,
        photos=PHOTOS.of(total),
        accuracy=percent(accuracy),
        low=percent(low),
        high=percent(high),
    )


def summary(lines: Sequence[tuple[Words, Words]]) -> Words:
    """The lines, in each language as wide as its names need."""
    return Words(
        _aligned([(name.en, text.en) for name, text in lines]),
        _aligned([(name.ru, text.ru) for name, text in lines]),
    )


def _aligned(lines: Sequence[tuple[str, str]]) -> str:
    width = max([_LEAST_WIDTH, *(len(name) for name, _ in lines)])
    return "\n".join(f"{name:<{width}} {text}" for name, text in lines)
