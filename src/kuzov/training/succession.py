"""Whether a new version may take the place of the newest one in its model folder without being asked."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kuzov.bundle.card import find_card
from kuzov.bundle.learned_from import LearnedFrom
from kuzov.data.dataset import Photo
from kuzov.engine.recogniser import Recogniser
from kuzov.errors import KuzovError, PhotoError, reason_of
from kuzov.model.scores import sign_test
from kuzov.records import ClassName
from kuzov.words import PHOTOS, Words, joined, number

MOST_COMPARED = 200
"""Photos that the former version is asked about; more would take longer than the training."""

CHANCE = 0.05
"""A version that is as good looks so much worse, or worse still, in one of twenty comparisons."""

LOST = Words(
    "the newest version there, {former}, knows {lost}, which the new one does not",
    "последняя версия, {former}, знает {lost}, а новая нет",
)
GAINED = Words("the new one knows {gained}", "новая знает {gained}")
WORSE = Words(
    "the newest version there, {former}, is better: of {photos} that neither has learned from, it alone is "
    "right about {only_former}, the new one alone about {only_new} (p = {p})",
    "последняя версия, {former}, лучше: из {photos}, на которых не учили ни ту, ни другую, только она права "
    "на {only_former}, только новая — на {only_new} (p = {p})",
)
UNTOLD = Words(
    "what the newest version there, {former}, knows can't be told: {reason}",
    "что знает последняя версия, {former}, узнать нельзя: {reason}",
)
NOT_OURS = Words("kuzov did not make it", "её сделал не kuzov")


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """How a new version differs from the newest one before it.

    Attributes:
        former: The version folder of the one before.
        lost: Names of the classes that only that one knows.
        gained: Names of the classes that only the new one knows.
        photos: How many photos both were judged by: of classes that both know, learned from by neither.
        only_former: Of these, those about which the former one alone is right: names the class, and does not
            call it unknown.
        only_new: Likewise.
        untold: Why the two can't be compared, if so.
    """

    former: Path
    lost: tuple[Words, ...] = ()
    gained: tuple[Words, ...] = ()
    photos: int = 0
    only_former: int = 0
    only_new: int = 0
    untold: Words | None = None

    @property
    def p_value(self) -> float:
        """How often a version that is as good looks as bad by chance."""
        return sign_test(self.only_new, self.only_former)

    @property
    def may_replace(self) -> bool:
        """Whether nothing is lost by it."""
        return self.untold is None and not self.lost and self.p_value >= CHANCE

    @property
    def words(self) -> Words:
        """What speaks against it, and what else it knows."""
        told, former = [], str(self.former)
        if self.untold is not None:
            told.append(UNTOLD.fill(former=former, reason=self.untold))
        if self.lost:
            told.append(LOST.fill(former=former, lost=joined(self.lost)))
        if self.p_value < CHANCE:
            counts = {"only_former": self.only_former, "only_new": self.only_new}
            p = number(self.p_value, 3)
            told.append(WORSE.fill(former=former, photos=PHOTOS.of(self.photos), p=p, **counts))
        if self.gained:
            told.append(GAINED.fill(gained=joined(self.gained)))
        return joined(told, "; ")

    def to_json(self) -> dict[str, Any]:
        """The object that `kuzov train --json` prints."""
        names = {key: [each.en for each in getattr(self, key)] for key in ("lost", "gained")}
        told = asdict(self) | names | {"former": str(self.former), "p_value": self.p_value}
        return told | {"untold": None if self.untold is None else self.untold.en}


def compare(
    former: Path, classes: Sequence[ClassName], photos: Sequence[Photo], rights: Sequence[bool]
) -> Succession:
    """Set a new version beside the one before it.

    Args:
        former: The version folder of the one before.
        classes: What the new version knows.
        photos: Photos that it was judged by.
        rights: About which of these it is right.
    """
    try:
        before = find_card(former)
        if before is None:
            return Succession(former=former, untold=NOT_OURS)
        common = {each.id for each in before.classes} & {each.id for each in classes}
        pairs = _fair(photos, rights, common, LearnedFrom.read(former))
        only_former, only_new, compared = _judge(former, pairs)
    except (KuzovError, OSError) as error:
        reason = error.words if isinstance(error, KuzovError) else reason_of(error)
        return Succession(former=former, untold=reason)
    return Succession(
        former=former,
        lost=tuple(each.words for each in before.classes if each.id not in common),
        gained=tuple(each.words for each in classes if each.id not in common),
        photos=compared,
        only_former=only_former,
        only_new=only_new,
    )


def _fair(
    photos: Sequence[Photo],
    rights: Sequence[bool],
    common: Collection[str],
    learned: LearnedFrom | None,
) -> list[tuple[Photo, bool]]:
    """Photos of classes that both know, and neither has learned from; of many, some of each class."""
    pairs = [
        (photo, right)
        for photo, right in zip(photos, rights, strict=True)
        if photo.label in common and (learned is None or photo.digest not in learned)
    ]
    return pairs[:: max(1, math.ceil(len(pairs) / MOST_COMPARED))]


def _judge(former: Path, pairs: Sequence[tuple[Photo, bool]]) -> tuple[int, int, int]:
    """Photos about which the former alone is right, the new one alone, and all that were asked about."""
    if not pairs:
        return 0, 0, 0
    before = Recogniser.load(former).predict_many(photo.path for photo, _ in pairs)
    rights = [
        (answer.label == photo.label and not answer.is_unknown, right)
        for (photo, right), answer in zip(pairs, before, strict=True)
        if not isinstance(answer, PhotoError)  # it was read before, so it has gone since
    ]
    return rights.count((True, False)), rights.count((False, True)), len(rights)
