"""EfficientNet-Lite in PyTorch, for training: the layers, names and numbers of the product's Keras model.

PyTorch, because its bfloat16 makes a step on a CPU several times shorter, and it runs on a GPU unchanged.
`load_weights` and `weights_of` translate to and from the file that kuzov ships.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from kuzov.model.lite_plan import (
    BATCH_NORM_EPSILON,
    FEATURE_CHANNELS,
    PIXEL_MEAN,
    PIXEL_SCALE,
    STEM_CHANNELS,
    Block,
    plan_blocks,
)
from recipes.backbone.depthwise import depthwise_convolution

Array = npt.NDArray[np.float32]
BATCH_NORM_MOMENTUM = 0.03


class EfficientNetLite(nn.Module):
    """From RGB images, uint8 or float (N, 3, P, P) in 0..255, to features, float32 (N, 1280)."""

    def __init__(self, *, width: float, depth: float) -> None:
        super().__init__()
        self.blocks = list(plan_blocks(width, depth))
        self._frozen_blocks = 0
        self.layers = nn.ModuleDict()
        self._add("stem", nn.Conv2d(3, STEM_CHANNELS, 3, 2, bias=False))
        for block in self.blocks:
            if block.expands:
                self._add(
                    f"{block.name}_expand", nn.Conv2d(block.in_channels, block.wide_channels, 1, bias=False)
                )
            wide, kernel = block.wide_channels, block.kernel
            self._add(
                f"{block.name}_depthwise",
                nn.Conv2d(wide, wide, kernel, block.stride, groups=wide, bias=False),
            )
            self._add(
                f"{block.name}_project", nn.Conv2d(block.wide_channels, block.out_channels, 1, bias=False)
            )
        self._add("top", nn.Conv2d(self.blocks[-1].out_channels, FEATURE_CHANNELS, 1, bias=False))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features, not normalised."""
        x = (images.float() - PIXEL_MEAN) / PIXEL_SCALE
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self._frozen_blocks):
            x = self._activate(x.contiguous(memory_format=torch.channels_last), "stem")
            for block in self.blocks[: self._frozen_blocks]:
                x = self._inverted_residual(x, block)
        for block in self.blocks[self._frozen_blocks :]:
            x = self._inverted_residual(x, block)
        return self._activate(x, "top").float().mean((2, 3))

    def freeze(self, blocks: int) -> None:
        """Have the stem and so many first blocks stay as they are; with 0 all learns, the stem too."""
        self._frozen_blocks = blocks

    def train(self, mode: bool = True) -> Self:
        """Let it learn, but for the frozen blocks: their normalisation keeps its statistics too."""
        super().train(mode)
        if self._frozen_blocks:
            frozen = ("stem_", *(f"{block.name}_" for block in self.blocks[: self._frozen_blocks]))
            for name, layer in self.layers.items():
                layer.train(mode and not name.startswith(frozen))
        return self

    def _add(self, name: str, convolution: nn.Conv2d) -> None:
        self.layers[f"{name}_conv"] = convolution
        self.layers[f"{name}_bn"] = nn.BatchNorm2d(
            convolution.out_channels, eps=BATCH_NORM_EPSILON, momentum=BATCH_NORM_MOMENTUM
        )

    def _inverted_residual(self, x: torch.Tensor, block: Block) -> torch.Tensor:
        skip = x
        if block.expands:
            x = self._activate(x, f"{block.name}_expand")
        x = self._activate(x, f"{block.name}_depthwise")
        x = self._normalise(x, f"{block.name}_project")
        return x + skip if block.adds_input else x

    def _activate(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return functional.relu6(self._normalise(x, name), inplace=True)

    def _normalise(self, x: torch.Tensor, name: str) -> torch.Tensor:
        convolution, norm = self.layers[f"{name}_conv"], self.layers[f"{name}_bn"]
        x = pad_same(x, convolution.kernel_size[0], convolution.stride[0])
        if convolution.groups > 1:
            x = depthwise_convolution(x, convolution.weight, convolution.stride[0])
        else:
            x = convolution(x)
        return norm(x)


def pad_same(x: torch.Tensor, kernel: int, stride: int) -> torch.Tensor:
    """TensorFlow's "same" padding: what is odd goes to the right and the bottom."""
    pads: list[int] = []
    for size in (x.shape[3], x.shape[2]):
        missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        pads += [missing // 2, missing - missing // 2]
    return functional.pad(x, pads) if any(pads) else x


def load_weights(network: EfficientNetLite, tensors: Mapping[str, npt.NDArray[np.generic]]) -> None:
    """Put the tensors of a kuzov weights file, by their names there, into the network."""
    with torch.no_grad():
        for name, parameter, axes in _parameters(network):
            value = np.asarray(tensors[name], np.float32)
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(value.transpose(_inverse(axes)))))


def weights_of(network: EfficientNetLite) -> dict[str, Array]:
    """All weights by their names in a kuzov weights file, float32, in Keras' axes."""
    return {
        name: np.array(parameter.detach().float().cpu().numpy().transpose(axes), order="C")
        for name, parameter, axes in _parameters(network)
    }


def blend(network: EfficientNetLite, tensors: Mapping[str, npt.NDArray[np.generic]], share: float) -> None:
    """Move the weights a part of the way to other ones (Wortsman et al., "WiSE-FT", CVPR 2022)."""
    found = weights_of(network)
    load_weights(
        network, {name: (1 - share) * found[name] + share * np.asarray(tensors[name]) for name in found}
    )


def _parameters(network: EfficientNetLite) -> Iterator[tuple[str, torch.Tensor, tuple[int, ...]]]:
    """Name in the file, tensor here, and the axes that turn PyTorch's order into Keras'."""
    for name, layer in network.layers.items():
        if isinstance(layer, nn.Conv2d):  # (out, in, height, width); depthwise (channels, 1, height, width)
            yield f"{name}/kernel", layer.weight, (2, 3, 0, 1) if layer.groups > 1 else (2, 3, 1, 0)
        else:
            yield f"{name}/gamma", layer.weight, (0,)
            yield f"{name}/beta", layer.bias, (0,)
            yield f"{name}/moving_mean", layer.running_mean, (0,)
            yield f"{name}/moving_variance", layer.running_var, (0,)


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(axis) for axis in np.argsort(axes))
