"""How alike two pictures are once one is laid over the other.

Both are squares, whatever the photos' shapes were. One shows nearly the same part of the world as the other,
so a box is sought in the first that looks like the second. Many pairs are aligned at a time.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]

# Where less than this was cropped, all of the middle of the one is in the other, whichever was cropped.
_MARGIN = 0.1
_FARTHEST = 0.12  # how far a side of the box is sought, in sides of the picture
_LONGEST_STEP = 0.05
_DAMPING = 1e-3
_LEAST_GAIN = 0.2
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_TINY = 1e-6


def whole_pictures(count: int) -> Array:
    """Boxes to begin with, (count, 2, 2)."""
    return np.tile(np.array([0, 1], np.float32), (count, 2, 1))


def refine(first: Array, second: Array, boxes: Array, *, steps: int) -> Array:
    """Find the box in each first picture that looks most like the second one.

    Gauss-Newton on the difference of the grey pictures, with a gain and an offset for their brightness: the
    forward additive algorithm of Baker and Matthews, "Lucas-Kanade 20 Years On" (2004), for a scale and a
    shift along each axis. It finds boxes that are off by a few pixels, so begin with small pictures.

    Args:
        first: RGB, (P, 3, n, n).
        second: RGB, (P, 3, n, n).
        boxes: Where to begin: (P, 2, 2), the start and the end along y and along x, 0..1 in the picture.
        steps: How many steps to go.

    Returns:
        The best boxes met, (P, 2, 2).
    """
    middle, grey = _middle(first.shape[-1]), _grey(first)
    wanted = _centred(_grey(_cut(second)))
    best, likeness = boxes, np.full(len(boxes), -1, np.float32)
    for step in range(steps + 1):
        rows, columns = (_sampling(boxes[:, axis], middle, first.shape[-1]) for axis in (0, 1))
        strips = rows @ grey
        seen = _centred(strips @ columns.swapaxes(1, 2))
        found = _cosine(seen, wanted)
        better = found > likeness
        likeness, best = np.where(better, found, likeness), np.where(better[:, None, None], boxes, best)
        if step == steps:
            break
        row_slopes, column_slopes = (_slopes(boxes[:, axis], middle, first.shape[-1]) for axis in (0, 1))
        along_y = row_slopes @ grey @ columns.swapaxes(1, 2)
        along_x = strips @ column_slopes.swapaxes(1, 2)
        boxes = _moved(boxes, _newton_step(seen, along_y, along_x, wanted, middle))
    return best


def correlation(first: Array, second: Array, boxes: Array) -> Array:
    """How the colours in each box of the first picture follow those of the second one, (P,), -1..1.

    The zero-mean normalised cross-correlation, of the three channels together: neither brightness nor
    contrast nor a tint matters. A picture of one colour follows none. The arguments are those of `refine`.
    """
    px, middle = first.shape[-1], _middle(first.shape[-1])
    rows, columns = (_sampling(boxes[:, axis], middle, px)[:, None] for axis in (0, 1))
    return _cosine(_centred(rows @ first @ columns.swapaxes(2, 3)), _centred(_cut(second)))


def _middle(px: int) -> Array:
    """Centres of the pixels inside of the margin, 0..1."""
    centres = (np.arange(px, dtype=np.float32) + np.float32(0.5)) / np.float32(px)
    return centres[(centres > _MARGIN) & (centres < 1 - _MARGIN)]


def _cut(pictures: Array) -> Array:
    px = pictures.shape[-1]
    left = (px - len(_middle(px))) // 2
    return pictures[..., left : px - left, left : px - left]


def _grey(pictures: Array) -> Array:
    grey: Array = np.einsum("c,pcyx->pyx", _LUMINANCE, pictures)
    return grey


def _sampling(edges: Array, middle: Array, px: int) -> Array:
    """Linear interpolation along one axis, as a matrix for each pair: edges (P, 2) to (P, m, px)."""
    return _hat(_offsets(edges, middle, px))


def _slopes(edges: Array, middle: Array, px: int) -> Array:
    """The same for the slope along that axis, by central differences; a unit is the whole side."""
    offsets = _offsets(edges, middle, px)
    return (_hat(offsets + 1) - _hat(offsets - 1)) * np.float32(px / 2)


def _offsets(edges: Array, middle: Array, px: int) -> Array:
    """From each pixel to each place that is asked for, in pixels; past the border is on it."""
    places = (edges[:, :1] * (1 - middle) + edges[:, 1:] * middle) * px - np.float32(0.5)
    return np.clip(places, 0, px - 1)[..., None] - np.arange(px, dtype=np.float32)


def _hat(offsets: Array) -> Array:
    weights: Array = np.maximum(np.float32(0), 1 - np.abs(offsets))
    return weights


def _newton_step(seen: Array, along_y: Array, along_x: Array, wanted: Array, middle: Array) -> Array:
    """By how much to move the boxes' edges, (P, 2, 2), for `seen` to become `wanted`, (P, m * m) both."""
    starts, ends = 1 - middle, middle
    slopes = (along_y * starts[:, None], along_y * ends[:, None], along_x * starts, along_x * ends)
    jacobian = np.stack([*map(_centred, slopes), seen], axis=1)
    hessian = jacobian @ jacobian.swapaxes(1, 2)
    scale = np.trace(hessian, axis1=1, axis2=2)[:, None, None] / hessian.shape[-1]
    hessian += np.eye(hessian.shape[-1], dtype=np.float32) * (_DAMPING * scale + _TINY)
    solved = np.linalg.solve(hessian, jacobian @ wanted[..., None])[..., 0]
    gain = np.maximum(solved[:, 4:], _LEAST_GAIN)
    return np.clip(solved[:, :4] / gain, -_LONGEST_STEP, _LONGEST_STEP).reshape(-1, 2, 2)


def _moved(boxes: Array, step: Array) -> Array:
    whole = np.array([0, 1], np.float32)
    return np.clip(boxes + step, whole - np.float32(_FARTHEST), whole + np.float32(_FARTHEST))


def _centred(pictures: Array) -> Array:
    """Each picture less the mean of each of its channels, as a row: (P, …, m, m) to (P, k)."""
    centred: Array = pictures - pictures.mean(axis=(-2, -1), keepdims=True)
    return centred.reshape(len(pictures), math.prod(pictures.shape[1:]))


def _cosine(first: Array, second: Array) -> Array:
    """Of rows, (P, k) each."""
    products = np.einsum("pk,pk->p", first, second)
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosines: Array = products / np.maximum(lengths, _TINY)
    return cosines
