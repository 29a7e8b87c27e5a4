"""EfficientNet-Lite as a Keras model: EfficientNet without squeeze-and-excitation, ReLU6 for swish."""

from __future__ import annotations

import keras
from keras import layers

from kuzov.model.lite_plan import (
    BATCH_NORM_EPSILON,
    FEATURE_CHANNELS,
    PIXEL_MEAN,
    PIXEL_SCALE,
    STEM_CHANNELS,
    Block,
    plan_blocks,
)


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
    x = layers.Rescaling(1 / PIXEL_SCALE, offset=-PIXEL_MEAN / PIXEL_SCALE, name="scale")(images)
    x = layers.Conv2D(STEM_CHANNELS, 3, 2, "same", use_bias=False, name="stem_conv")(x)
    x = _normalise(x, "stem", activate=True)
    for block in plan_blocks(width, depth):
        x = _inverted_residual(x, block)
    x = layers.Conv2D(FEATURE_CHANNELS, 1, use_bias=False, name="top_conv")(x)
    x = _normalise(x, "top", activate=True)
    features = layers.GlobalAveragePooling2D(name="features")(x)  # (N, 1280)
    return keras.Model(images, features, name=name)


def _inverted_residual(x: keras.KerasTensor, block: Block) -> keras.KerasTensor:
    skip, name = x, block.name
    if block.expands:
        x = layers.Conv2D(block.wide_channels, 1, use_bias=False, name=f"{name}_expand_conv")(x)
        x = _normalise(x, f"{name}_expand", activate=True)
    x = layers.DepthwiseConv2D(
        block.kernel, block.stride, "same", use_bias=False, name=f"{name}_depthwise_conv"
    )(x)
    x = _normalise(x, f"{name}_depthwise", activate=True)
    x = layers.Conv2D(block.out_channels, 1, use_bias=False, name=f"{name}_project_conv")(x)
    x = _normalise(x, f"{name}_project", activate=False)
    return layers.Add(name=f"{name}_add")([skip, x]) if block.adds_input else x


def _normalise(x: keras.KerasTensor, name: str, *, activate: bool) -> keras.KerasTensor:
    x = layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x) if activate else x
