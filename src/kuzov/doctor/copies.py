"""Copies of photos: harmless ones, those in two classes, and those on both sides of the split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kuzov.data.duplicates import Pair, groups_of, near_duplicates
from kuzov.data.folder_names import TRAIN, VALIDATION
from kuzov.doctor.findings import Finding, Kind, Move
from kuzov.doctor.reading import ReadPhoto


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Photos that show the same picture: their positions, ascending, and how they are alike.

    The similarity, 0..1, is that of the least similar pair that holds them together. `exact`: all are one
    file, byte by byte; `mirrored`: some are mirror images of others.
    """

    rows: tuple[int, ...]
    similarity: float
    exact: bool
    mirrored: bool


def find_copies(photos: Sequence[ReadPhoto]) -> list[Copies]:
    """Group the photos that show the same picture; those that have no copy are in no group."""
    pairs = near_duplicates([photo.signature for photo in photos])
    leaders = groups_of(pairs, len(photos))
    members: dict[int, list[int]] = {}
    for row, leader in enumerate(leaders):
        members.setdefault(leader, []).append(row)
    ties: dict[int, list[Pair]] = {}
    for pair in pairs:
        ties.setdefault(leaders[pair.first], []).append(pair)
    return [
        Copies(
            rows=tuple(rows),
            similarity=min(pair.similarity for pair in ties[leader]),
            exact=len({photos[row].digest for row in rows}) == 1,
            mirrored=any(pair.mirrored for pair in ties[leader]),
        )
        for leader, rows in members.items()
        if len(rows) > 1
    ]


def group_names(copies: Sequence[Copies], photos: Sequence[ReadPhoto]) -> list[str]:
    """A name a photo, (N,); copies of one picture share it, so that they never part in a cross-validation."""
    names = [photo.digest for photo in photos]
    for each in copies:
        for row in each.rows:
            names[row] = photos[each.rows[0]].digest
    return names


def tell_copies(copies: Sequence[Copies], photos: Sequence[ReadPhoto]) -> list[Finding]:
    """A finding a group; one that lies on both sides and in two classes is both."""
    return [
        Finding(
            kind=kind,
            photos=tuple(photos[row].name for row in each.rows),
            certainty=1.0 if each.exact else each.similarity,
            facts={
                "similarity": round(each.similarity, 4),
                "exact": each.exact,
                "mirrored": each.mirrored,
                **({"classes": ", ".join(classes)} if len(classes := _classes(each, photos)) > 1 else {}),
            },
        )
        for each in copies
        for kind in _kinds(each, photos)
    ]


def _classes(copies: Copies, photos: Sequence[ReadPhoto]) -> list[str]:
    return sorted({photos[row].label for row in copies.rows})


def _kinds(copies: Copies, photos: Sequence[ReadPhoto]) -> list[Kind]:
    kinds = []
    if len({photos[row].side for row in copies.rows}) > 1:
        kinds.append(Kind.LEAK)
    if len(_classes(copies, photos)) > 1:
        kinds.append(Kind.ACROSS_CLASSES)
    return kinds or [Kind.EXACT_DUPLICATE if copies.exact else Kind.NEAR_DUPLICATE]


def spare_copies(copies: Sequence[Copies], photos: Sequence[ReadPhoto]) -> list[Move]:
    """The copies that can go: what is learned and what is judged stay the same without them.

    Of one file that lies several times in a class and on a side, all but the first by name. Of a picture on
    both sides, its copies among the training photos: the validation photos are what other recognisers were
    judged by, so they stay. A picture in two classes is left, as no one but a person knows which is right;
    and the last photo of a class on its side is left.
    """
    left = Counter((photo.side, photo.label) for photo in photos)
    moves = []

    def move(row: int, kind: Kind, kept: int) -> None:
        place = photos[row].side, photos[row].label
        if left[place] > 1:
            left[place] -= 1
            moves.append(Move(photo=photos[row].name, kind=kind, kept=photos[kept].name))

    for each in copies:
        if len(_classes(each, photos)) > 1:
            continue
        sides = {photos[row].side for row in each.rows}
        judged = next((row for row in each.rows if photos[row].side == VALIDATION), None)
        first: dict[tuple[str, str], int] = {}
        for row in each.rows:
            photo = photos[row]
            if judged is not None and len(sides) > 1 and photo.side == TRAIN:
                move(row, Kind.LEAK, judged)
                continue
            kept = first.setdefault((photo.side, photo.digest), row)
            if kept != row:
                move(row, Kind.EXACT_DUPLICATE, kept)
    return moves
