"""Dividing photos into those to learn from and those to judge by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Split:
    """Positions in the divided sequence, ascending; each position stands on exactly one side."""

    train: tuple[int, ...]
    validation: tuple[int, ...]


def stratified_split(
    labels: Sequence[str], groups: Sequence[Hashable], *, validation_fraction: float, seed: int
) -> Split:
    """Draw about the same fraction of every class for validation, and keep equal photos together.

    Each class has at least one photo on each side. Groups larger than what is wanted of a class are left
    in training where others fit, so the fraction may be missed by a group's size.

    Args:
        labels: The class of each photo.
        groups: What tells equal photos, such as a checksum; as long as `labels`. A group lies in one class.
        validation_fraction: Wanted part of each class, 0..1.
        seed: Of the draw; the same arguments give the same split.

    Raises:
        ValueError: A class has fewer than two groups, or a group lies in two classes.
    """
    members: dict[str, dict[Hashable, list[int]]] = {}
    class_of: dict[Hashable, str] = {}
    for index, (label, group) in enumerate(zip(labels, groups, strict=True)):
        if class_of.setdefault(group, label) != label:
            raise ValueError(f"group {group!r} lies in the classes {class_of[group]!r} and {label!r}")
        members.setdefault(label, {}).setdefault(group, []).append(index)

    rng = np.random.default_rng(seed)
    validation: set[int] = set()
    for label in sorted(members):
        if len(members[label]) < 2:
            raise ValueError(f"class {label!r} has fewer than two different photos")
        validation |= _draw(list(members[label].values()), validation_fraction, rng)
    return Split(
        train=tuple(index for index in range(len(labels)) if index not in validation),
        validation=tuple(sorted(validation)),
    )


def _draw(groups: list[list[int]], fraction: float, rng: np.random.Generator) -> set[int]:
    """Some of a class's two or more groups, at least one, never all."""
    count = sum(map(len, groups))
    wanted = min(max(round(fraction * count), 1), count - 1)
    shuffled = [groups[position] for position in rng.permutation(len(groups))]
    drawn: set[int] = set()
    for group in shuffled:
        if len(drawn) + len(group) <= wanted:
            drawn.update(group)
    return drawn or set(sorted(shuffled, key=len)[0])


def stratified_folds(
    labels: Sequence[Hashable], groups: Sequence[Hashable], *, folds: int, seed: int
) -> list[Split]:
    """Hold out each part of the photos in turn: each class is spread evenly, and equal photos stay together.

    Args:
        labels: The class of each photo.
        groups: What tells equal photos, as in `stratified_split`.
        folds: How many parts; no more than the smallest class has groups, if each is to have all classes.
        seed: Of the draw; the same arguments give the same folds.

    Returns:
        For each part, the others as `train`, and itself as `validation`.
    """
    members: dict[Hashable, dict[Hashable, list[int]]] = {}
    for index, (label, group) in enumerate(zip(labels, groups, strict=True)):
        members.setdefault(label, {}).setdefault(group, []).append(index)
    rng = np.random.default_rng(seed)
    part_of: dict[int, int] = {}
    photos: Counter[int] = Counter()
    for by_group in members.values():
        of_class: Counter[int] = Counter()
        shuffled = [list(by_group.values())[place] for place in rng.permutation(len(by_group))]
        # The largest first: what is small evens out what they leave uneven.
        for rows in sorted(shuffled, key=len, reverse=True):
            part = min(range(folds), key=lambda part: (of_class[part], photos[part]))
            of_class[part] += len(rows)
            photos[part] += len(rows)
            part_of.update(dict.fromkeys(rows, part))
    parts = [tuple(row for row in range(len(labels)) if part_of[row] == part) for part in range(folds)]
    return [
        Split(train=tuple(sorted(set(range(len(labels))) - set(part))), validation=part) for part in parts
    ]
