"""Results as lines: a name, and beside it, below each other, what there is to say."""

from __future__ import annotations

from collections.abc import Sequence

from kuzov.cli.language import percent
from kuzov.words import PHOTOS, Words

REPORT = Words("Report", "Отчёт")
JUDGED = Words(
    "{right} of {photos} right{also}: {accuracy}{interval}",
    "верно {right} из {photos}{also}: {accuracy}{interval}",
)
INTERVAL = Words(", 95 % interval {low} to {high}", ", 95-процентный интервал от {low} до {high}")
BUT_UNKNOWN = Words(", {count} of which it would call unknown", ", из них {count} назвал бы незнакомыми")
_LEAST_WIDTH = 17
_GAP = "  "  # a single space would look like one within the text


def how_many_right(
    right: int, total: int, accuracy: float, interval: Sequence[float] | None, *, unknown: int = 0
) -> Words:
    """How many photos were recognised, how many of them would yet be called unknown, and any interval."""
    between = dict(zip(("low", "high"), map(percent, interval or ()), strict=False))
    return JUDGED.fill(
        right=right,
        also=BUT_UNKNOWN.fill(count=unknown) if unknown else "",
        photos=PHOTOS.of(total),
        accuracy=percent(accuracy),
        interval=INTERVAL.fill(**between) if between else "",
    )


def summary(lines: Sequence[tuple[Words, Words]]) -> Words:
    """The lines, in each language as wide as its names need."""
    return Words(
        _aligned([(name.en, text.en) for name, text in lines]),
        _aligned([(name.ru, text.ru) for name, text in lines]),
    )


def _aligned(lines: Sequence[tuple[str, str]]) -> str:
    width = max([_LEAST_WIDTH, *(len(name) for name, _ in lines)])
    return "\n".join(f"{name:<{width}}{_GAP}{text}" for name, text in lines)
