"""Random views of a photo: rotated, shifted, sheared, zoomed and mirrored, as Keras' ImageDataGenerator does.

The matrix is that of `apply_affine_transform` in Keras' keras/src/legacy/preprocessing/image.py. Two things
there hold only for square photos with equal ranges: Keras turns a photo that is not square around a point
beside its centre, and its height_shift_range moves along the width. Here each name means what it says, and
for square photos and equal ranges, as in the origin, the outcome is the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kuzov.config import AugmentationConfig

Places = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """One view of a photo, with Keras' names; the defaults leave the photo as it is.

    Attributes:
        theta: Rotation, degrees.
        tx: Shift along the width, pixels.
        ty: Shift along the height, pixels.
        shear: Shear angle, degrees.
        zx: Factor along the width; what is seen grows with it, so the car becomes smaller.
        zy: Factor along the height, likewise.
        flip: Whether the outcome is mirrored left to right.
    """

    theta: float = 0.0
    tx: float = 0.0
    ty: float = 0.0
    shear: float = 0.0
    zx: float = 1.0
    zy: float = 1.0
    flip: bool = False


def draw(config: AugmentationConfig, height: int, width: int, rng: np.random.Generator) -> Transform:
    """Draw a view of a photo of this size, in pixels; every range is uniform and goes both ways."""
    return Transform(
        theta=rng.uniform(-config.rotation_range, config.rotation_range),
        tx=rng.uniform(-config.width_shift_range, config.width_shift_range) * width,
        ty=rng.uniform(-config.height_shift_range, config.height_shift_range) * height,
        shear=rng.uniform(-config.shear_range, config.shear_range),
        zx=rng.uniform(1 - config.zoom_range, 1 + config.zoom_range),
        zy=rng.uniform(1 - config.zoom_range, 1 + config.zoom_range),
        flip=bool(rng.random() < 0.5) and config.horizontal_flip,
    )


def apply(
    image: npt.NDArray[np.uint8] | npt.NDArray[np.float32], transform: Transform, fill_mode: str = "nearest"
) -> npt.NDArray[np.float32]:
    """Show a photo as the transform sees it, with linear interpolation.

    Args:
        image: RGB, (H, W, 3).
        transform: The view.
        fill_mode: What stands outside of the photo: nearest, constant (black), reflect or wrap.

    Returns:
        (H, W, 3) float32, within the range of `image` (and black).
    """
    height, width, _ = image.shape
    matrix, shift = _matrix(transform)
    centre = np.array([height / 2 - 0.5, width / 2 - 0.5])
    offset = centre + shift - matrix @ centre
    places = np.tensordot(matrix, np.indices((height, width)), 1) + offset[:, np.newaxis, np.newaxis]
    seen = _sample(image.astype(np.float32), places, fill_mode)
    return seen[:, ::-1] if transform.flip else seen


def augment(
    image: npt.NDArray[np.uint8] | npt.NDArray[np.float32],
    config: AugmentationConfig,
    rng: np.random.Generator,
) -> npt.NDArray[np.float32]:
    """A random view of an RGB photo: (H, W, 3) to float32 (H, W, 3)."""
    height, width, _ = image.shape
    return apply(image, draw(config, height, width, rng), config.fill_mode)


def _matrix(transform: Transform) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Where a pixel of the view lies in the photo, about the centre: a (2, 2) matrix and a shift (2,)."""
    theta, shear = math.radians(transform.theta), math.radians(transform.shear)
    rotation = [[math.cos(theta), -math.sin(theta), 0], [math.sin(theta), math.cos(theta), 0], [0, 0, 1]]
    shift = [[1, 0, transform.tx], [0, 1, transform.ty], [0, 0, 1]]
    shearing = [[1, -math.sin(shear), 0], [0, math.cos(shear), 0], [0, 0, 1]]
    zoom = np.diag([transform.zx, transform.zy, 1.0])
    matrix = np.array(rotation) @ np.array(shift) @ np.array(shearing) @ zoom
    # Keras writes coordinates as (x, y); arrays are indexed (row, column), so both are turned around.
    return matrix[1::-1, 1::-1], matrix[1::-1, 2]


def _sample(image: npt.NDArray[np.float32], places: Places, fill_mode: str) -> npt.NDArray[np.float32]:
    """A photo (H, W, 3) at places between its pixels, rows and columns (2, H, W), by linear interpolation."""
    last = np.array(image.shape[:2]).reshape(2, 1, 1) - 1
    inside = np.clip(_folded(places, last, fill_mode), 0, last)
    first = np.minimum(inside.astype(np.int64), np.maximum(last - 1, 0))
    (down, across), (top, left) = (inside - first).astype(np.float32)[..., np.newaxis], first
    bottom, right = np.minimum(first + 1, last)
    upper = image[top, left] * (1 - across) + image[top, right] * across
    lower = image[bottom, left] * (1 - across) + image[bottom, right] * across
    seen: npt.NDArray[np.float32] = upper * (1 - down) + lower * down
    if fill_mode == "constant":
        seen[((places < 0) | (places > last)).any(axis=0)] = 0
    return seen


def _folded(places: Places, last: npt.NDArray[np.int64], fill_mode: str) -> Places:
    """Where the photo goes on outside of itself, the place of the pixel that is seen there."""
    if fill_mode == "wrap":  # the first pixel stands where the last one does
        return np.where((places < 0) | (places > last), places % np.maximum(last, 1), places)
    if fill_mode == "reflect":  # both sides of an edge show the same pixel
        turned = places % (2 * (last + 1))
        return np.where(turned > last + 0.5, 2 * last + 1 - turned, turned)
    return places
