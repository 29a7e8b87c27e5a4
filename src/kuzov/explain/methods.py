"""Ways to tell which pixels of a frame count for a class: heat maps, the hotter the more a pixel counts.

A map is float32 (H, W), nowhere negative and of no certain scale. Two ways ask the feature maps, and two the
pixels themselves.

The deletion curve chose the default; `python -m benchmarks.saliency` measures it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from kuzov.explain.feature_maps import Array, Look

NOISE = 0.1
"""Standard deviation of SmoothGrad's noise, of the range of the frame's values."""

NOISY_COPIES = 24
NOISY_BATCH = 8

Gradient = Callable[[Array, int], Array]
"""Of a class's column, for images: `kuzov.explain.image_gradient.ImageGradient`."""


def layer_cam(look: Look) -> Array:
    """LayerCAM (Jiang et al. 2021, IEEE Transactions on Image Processing 30): each place has its own weights.

    Taken of the next to last grid, which is twice as fine as the last and does better by the deletion curve.
    """
    grid = look.next_to_last
    heat: Array = (np.maximum(grid.slopes, 0) * grid.maps).sum(axis=0)
    return np.maximum(heat, 0)


def grad_cam_plus_plus(look: Look) -> Array:
    """Grad-CAM++ (Chattopadhay et al. 2018, arXiv 1710.11063): a weight for each feature map."""
    maps, slopes = look.last.maps, look.last.slopes
    square, places = slopes**2, (1, 2)
    below = 2 * square + maps.sum(axis=places, keepdims=True) * square * slopes
    alphas = np.divide(square, below, out=np.zeros_like(square), where=below != 0)
    weights = (alphas * np.maximum(slopes, 0)).sum(axis=places, keepdims=True)
    heat: Array = (weights * maps).sum(axis=0)
    return np.maximum(heat, 0)


def smoothgrad(gradient: Gradient, frame: Array, column: int) -> Array:
    """The mean gradient of noisy copies of the frame (Smilkov et al. 2017, arXiv 1706.03825); seeded."""
    rng = np.random.default_rng(0)
    deviation, total = NOISE * np.ptp(frame), np.zeros_like(frame)
    for _ in range(0, NOISY_COPIES, NOISY_BATCH):
        noise = rng.standard_normal((NOISY_BATCH, *frame.shape), dtype=np.float32)
        total += gradient(frame + deviation * noise, column).sum(axis=0)
    return _largest_channel(total)


def vanilla_gradient(gradient: Gradient, frame: Array, column: int) -> Array:
    """The gradient's size in its largest channel (Simonyan et al. 2013, arXiv 1312.6034, section 3)."""
    return _largest_channel(gradient(frame[np.newaxis], column)[0])


def _largest_channel(gradient: Array) -> Array:
    largest: Array = np.abs(gradient).max(axis=-1)
    return largest


OF_FEATURE_MAPS: Mapping[str, Callable[[Look], Array]] = {
    "layer-cam": layer_cam,
    "grad-cam++": grad_cam_plus_plus,
}
"""Their map is as large as the grid that they ask."""

OF_PIXELS: Mapping[str, Callable[[Gradient, Array, int], Array]] = {
    "smoothgrad": smoothgrad,
    "gradient": vanilla_gradient,
}
"""Their map is as large as the frame, and they need TensorFlow."""

METHODS = (*OF_FEATURE_MAPS, *OF_PIXELS)
"""The names that users know them by; the first is the default."""

DEFAULT_METHOD = METHODS[0]
