"""EfficientNet-Lite as a Keras model: EfficientNet without squeeze-and-excitation, ReLU6 for swish.

The architecture follows Tan and Le, "EfficientNet" (ICML 2019), and the EfficientNet-Lite release notes:
stem and head keep their size whatever the width, and the first and the last stage keep one block.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import keras
from keras import layers

BATCH_NORM_EPSILON = 1e-3
STEM_CHANNELS = 32
FEATURE_CHANNELS = 1280


@dataclass(frozen=True, slots=True)
class Stage:
    """A run of inverted-residual blocks; only the first has the stride and changes the channels."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def round_channels(channels: int, width: float) -> int:
    """Scale a channel count to the nearest multiple of 8, never more than 10 % below the exact product."""
    scaled = channels * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


def efficientnet_lite(*, width: float, depth: float, image_px: int, name: str) -> keras.Model:
    """Build the convolutional part of an EfficientNet-Lite, without weights.

    Args:
        width: Multiplier of the channels (1.0 for Lite0 and Lite1, 1.1 for Lite2).
        depth: Multiplier of the repeats of the inner stages (1.0, 1.1, 1.2).
        image_px: Side of the square input, in pixels.
        name: Name of the Keras model.

    Returns:
        A model from RGB images, float32 (N, image_px, image_px, 3) in 0..255, to features,
        float32 (N, 1280), the global average of the last convolution: not normalised, never negative.
    """
    images = keras.Input((image_px, image_px, 3), name="image")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="scale")(images)
    x = layers.Conv2D(STEM_CHANNELS, 3, 2, "same", use_bias=False, name="stem_conv")(x)
    x = _normalise(x, "stem", activate=True)
    channels, block = STEM_CHANNELS, 0
    for index, stage in enumerate(STAGES):
        repeats = stage.repeats if index in (0, len(STAGES) - 1) else math.ceil(stage.repeats * depth)
        out_channels = round_channels(stage.channels, width)
        for repeat in range(repeats):
            stride = stage.stride if repeat == 0 else 1
            x = _inverted_residual(x, stage, channels, out_channels, stride, f"block{block}")
            channels, block = out_channels, block + 1
    x = layers.Conv2D(FEATURE_CHANNELS, 1, use_bias=False, name="top_conv")(x)
    x = _normalise(x, "top", activate=True)
    features = layers.GlobalAveragePooling2D(name="features")(x)  # (N, 1280)
    return keras.Model(images, features, name=name)


def _inverted_residual(
    x: keras.KerasTensor, stage: Stage, in_channels: int, out_channels: int, stride: int, name: str
) -> keras.KerasTensor:
    skip = x
    if stage.expansion != 1:
        x = layers.Conv2D(in_channels * stage.expansion, 1, use_bias=False, name=f"{name}_expand_conv")(x)
        x = _normalise(x, f"{name}_expand", activate=True)
    x = layers.DepthwiseConv2D(stage.kernel, stride, "same", use_bias=False, name=f"{name}_depthwise_conv")(x)
    x = _normalise(x, f"{name}_depthwise", activate=True)
    x = layers.Conv2D(out_channels, 1, use_bias=False, name=f"{name}_project_conv")(x)
    x = _normalise(x, f"{name}_project", activate=False)
    if stride == 1 and in_channels == out_channels:
        x = layers.Add(name=f"{name}_add")([skip, x])
    return x


def _normalise(x: keras.KerasTensor, name: str, *, activate: bool) -> keras.KerasTensor:
    x = layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x) if activate else x
