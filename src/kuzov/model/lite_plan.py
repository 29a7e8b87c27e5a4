"""The blocks of an EfficientNet-Lite, in plain numbers: what every framework's form of it is built from.

The architecture follows Tan and Le, "EfficientNet" (ICML 2019), and the EfficientNet-Lite release notes:
stem and head keep their size whatever the width, and the first and the last stage keep one block.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

BATCH_NORM_EPSILON = 1e-3
STEM_CHANNELS = 32
FEATURE_CHANNELS = 1280
# Pixels 0..255 become (pixel - PIXEL_MEAN) / PIXEL_SCALE.
PIXEL_MEAN = 127.0
PIXEL_SCALE = 128.0


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """An inverted residual: expand, depthwise, project.

    Attributes:
        name: Prefix of its layers, "block3".
        in_channels: Channels that come in.
        wide_channels: Channels of the depthwise convolution; `in_channels` where nothing expands.
        out_channels: Channels that go out.
        kernel: Side of the depthwise kernel.
        stride: Of the depthwise convolution.
    """

    name: str
    in_channels: int
    wide_channels: int
    out_channels: int
    kernel: int
    stride: int

    @property
    def expands(self) -> bool:
        """Whether a 1x1 convolution widens the input first."""
        return self.wide_channels != self.in_channels

    @property
    def adds_input(self) -> bool:
        """Whether the input is added to the output."""
        return self.stride == 1 and self.in_channels == self.out_channels


def plan_blocks(width: float, depth: float) -> Iterator[Block]:
    """The blocks in order.

    Args:
        width: Multiplier of the channels (1.0 for Lite0 and Lite1, 1.1 for Lite2).
        depth: Multiplier of the repeats of the inner stages (1.0, 1.1, 1.2).
    """
    channels, number = STEM_CHANNELS, 0
    for index, stage in enumerate(STAGES):
        repeats = stage.repeats if index in (0, len(STAGES) - 1) else math.ceil(stage.repeats * depth)
        for repeat in range(repeats):
            out_channels = round_channels(stage.channels, width)
            yield Block(
                name=f"block{number}",
                in_channels=channels,
                wide_channels=channels * stage.expansion,
                out_channels=out_channels,
                kernel=stage.kernel,
                stride=stage.stride if repeat == 0 else 1,
            )
            channels, number = out_channels, number + 1


def round_channels(channels: int, width: float) -> int:
    """Scale a channel count to the nearest multiple of 8, never more than 10 % below the exact product."""
    scaled = channels * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded
