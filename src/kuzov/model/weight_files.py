"""The weights that the package ships: float16 safetensors in kuzov/model/weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

WEIGHTS = Path(__file__).with_name("weights")

# Prototypes of the car models that a backbone was trained on stand in its file under this name.
BACKGROUND = "background/prototypes"


def read_weights(name: str) -> Mapping[str, npt.NDArray[np.float16]]:
    """The tensors of a file by their names: `layer/weight`, and `BACKGROUND` where it knows cars."""
    tensors: Mapping[str, npt.NDArray[np.float16]] = load_file(WEIGHTS / name)
    return tensors
