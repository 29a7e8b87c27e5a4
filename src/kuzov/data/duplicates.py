"""Photos that show the same picture, told by their pixels alone.

A copy is found where it is mirrored, resized, stretched, recompressed, made a little brighter or darker, or
cropped by up to about 8 % a side; another photo of the same car is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from kuzov.data.alignment import Array, correlation, refine, whole_pictures

SIGNATURE_PX = 64
"""Side of the thumbnail that is kept; a photo is decoded no smaller."""

LEAST_SIMILARITY = 0.965
"""What two photos need to count as near duplicates.

Of 1,400 planted copies of the 175 photos of russian-cars-5, cropped by up to 5 % a side or not, all are found
and none is below 0.972; no other two of these photos reach 0.9. Of the 24 million pairs of 6,968 photos of
Stanford Cars 33 are found, all true by eye; the next is 0.963 and true, the first false one 0.962.
"""

_COARSE_PX = 16
_LEAST_COARSE = 0.7  # not aligned; of planted copies cropped by up to 5 %, none is below 0.76
# Ever larger pictures, the steps of aligning them, and what is left aside before the next.
_LEVELS = ((16, 6, 0.8), (32, 4, 0.88), (64, 3, LEAST_SIMILARITY))

_MOST_PRODUCTS = 1 << 24  # at a time: 64 MB
_MOST_PAIRS = 256  # aligned at a time

Pictures = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Signature:
    """What is kept of a photo: the whole of it, squeezed into a square.

    Attributes:
        thumbnail: RGB, uint8 (3, SIGNATURE_PX, SIGNATURE_PX).
    """

    thumbnail: Pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two photos that show the same picture.

    Attributes:
        first: Position of the one.
        second: Position of the other, which is greater.
        similarity: Correlation of their colours once aligned, LEAST_SIMILARITY..1.
        exact: Their thumbnails are the same to the bit, as those of one file and its copy.
        mirrored: One shows the picture of the other in a mirror.
    """

    first: int
    second: int
    similarity: float
    exact: bool
    mirrored: bool


def signature(image: Image.Image) -> Signature:
    """Of an RGB photo, upright, of any size; smaller than SIGNATURE_PX it is compared less well."""
    small = image.resize((SIGNATURE_PX, SIGNATURE_PX), Image.Resampling.BOX)
    return Signature(np.ascontiguousarray(np.asarray(small, np.uint8).transpose(2, 0, 1)))


def near_duplicates(signatures: Sequence[Signature]) -> list[Pair]:
    """Find the photos that show the same picture, sorted by position.

    Of exact copies, each is paired with the first of them only, and the first alone with other photos:
    `groups_of` tells who belongs together. Photos of a single colour can only be exact copies.

    Candidates are the pairs whose small thumbnails correlate; those are aligned (`kuzov.data.alignment`).
    """
    first_of: dict[bytes, int] = {}
    pairs = []
    for position, each in enumerate(signatures):
        first = first_of.setdefault(each.thumbnail.tobytes(), position)
        if first != position:
            pairs.append(Pair(first=first, second=position, similarity=1.0, exact=True, mirrored=False))
    different = np.array(list(first_of.values()), np.intp)
    if len(different) > 1:
        pictures = np.stack([signatures[position].thumbnail for position in different])
        pairs += _near(pictures, different)
    return sorted(pairs, key=lambda pair: (pair.first, pair.second))


def groups_of(pairs: Iterable[Pair], count: int) -> list[int]:
    """The first position of each photo's group, for `count` photos; its own where it is in no pair.

    A group is all that pairs connect.
    """
    leaders = list(range(count))

    def leader(position: int) -> int:
        while leaders[position] != position:
            position = leaders[position]
        return position

    for pair in pairs:
        low, high = sorted((leader(pair.first), leader(pair.second)))
        leaders[high] = low
    return [leader(position) for position in range(count)]


def _near(pictures: Pictures, positions: Rows) -> list[Pair]:
    """Pairs of different pictures; `positions` are what they are called."""
    pyramid = {px: _shrunk(pictures, px) for px, _, _ in _LEVELS}
    found: dict[tuple[int, int], Pair] = {}
    for rows, columns, mirrored in _candidates(pyramid[_COARSE_PX]):
        likeness = np.maximum(
            _likeness(pyramid, rows, columns, mirrored), _likeness(pyramid, columns, rows, mirrored)
        )
        for index in np.flatnonzero(likeness):
            pair = Pair(
                first=int(positions[rows[index]]),
                second=int(positions[columns[index]]),
                similarity=min(float(likeness[index]), 1.0),
                exact=False,
                mirrored=mirrored,
            )
            other = found.setdefault((pair.first, pair.second), pair)
            if other.similarity < pair.similarity:  # a symmetric picture looks like its mirror image too
                found[pair.first, pair.second] = pair
    return list(found.values())


def _candidates(pictures: Pictures) -> Iterator[tuple[Rows, Rows, bool]]:
    """Rows of pairs of small pictures that correlate, the second as it is or mirrored, some at a time."""
    plain, mirrored = _unit_rows(pictures), _unit_rows(pictures[..., ::-1])
    height = max(1, _MOST_PRODUCTS // len(pictures))
    for start in range(0, len(pictures), height):
        for others, is_mirrored in ((plain, False), (mirrored, True)):
            products = plain[start : start + height] @ others[start:].T
            rows, columns = np.nonzero(np.triu(products > _LEAST_COARSE, 1))
            for part in range(0, len(rows), _MOST_PAIRS):
                pairs = slice(part, part + _MOST_PAIRS)
                yield rows[pairs] + start, columns[pairs] + start, is_mirrored


def _unit_rows(pictures: Pictures) -> Array:
    """Each picture less the mean of each channel, as a row of length 1."""
    centred: Array = pictures - pictures.mean(axis=(2, 3), keepdims=True, dtype=np.float32)
    rows = centred.reshape(len(pictures), -1)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-6))
    return rows


def _likeness(pyramid: Mapping[int, Pictures], first: Rows, second: Rows, mirrored: bool) -> Array:
    """Correlation of each pair once it is aligned; 0 for those that are no near duplicates."""
    likeness = np.zeros(len(first), np.float32)
    left, boxes = np.arange(len(first)), whole_pictures(len(first))
    for px, steps, least in _LEVELS:
        ones = pyramid[px][first[left]].astype(np.float32)
        others = pyramid[px][second[left]].astype(np.float32)
        if mirrored:
            others = others[..., ::-1]
        boxes = refine(ones, others, boxes, steps=steps)
        found = correlation(ones, others, boxes)
        good = found >= least
        left, boxes, found = left[good], boxes[good], found[good]
    likeness[left] = found
    return likeness


def _shrunk(pictures: Pictures, px: int) -> Pictures:
    """By the mean of squares of pixels: (N, 3, n, n) to (N, 3, px, px)."""
    factor = pictures.shape[-1] // px
    sums = np.zeros((*pictures.shape[:2], px, px), np.uint16)
    for y in range(factor):
        for x in range(factor):
            sums += pictures[:, :, y::factor, x::factor]
    means: Pictures = ((sums + factor**2 // 2) // factor**2).astype(np.uint8)
    return means
