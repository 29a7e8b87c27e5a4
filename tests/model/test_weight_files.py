from __future__ import annotations

import numpy as np
import pytest

from kuzov.model.calibrator import SHIPPED
from kuzov.model.weight_files import WEIGHTS, read_weights

CARS, IMAGENET = "efficientnet-lite0-cars.safetensors", "efficientnet-lite0-imagenet.safetensors"


@pytest.mark.parametrize("name", [CARS, IMAGENET])
def test_shipped_weights_are_small_and_half_precision(name: str) -> None:
    assert (WEIGHTS / name).stat().st_size <= 15e6
    tensors = read_weights(name)
    assert {tensor.dtype for tensor in tensors.values()} == {np.dtype(np.float16)}
    assert all(np.isfinite(tensor).all() for tensor in tensors.values())
    assert tensors["stem_conv/kernel"].shape == (3, 3, 3, 32)


def test_every_shipped_file_is_named_here() -> None:
    assert {file.name for file in WEIGHTS.glob("*.safetensors")} == {CARS, IMAGENET, SHIPPED}
