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
# What recipes/calibrator has learned stands in a file of its own: the axes of the discriminants, the
# calibrator with them, and the one without, for networks of which only the nearness to the classes counts.
CENTRE, AXES = "discriminants/centre", "discriminants/axes"
# Prototypes of the atlas's models on those axes, and the scale and the stranger's score of `Atlas`.
ATLAS_PROTOTYPES, ATLAS_SCORES = "atlas/prototypes", "atlas/scores"
LEARNED, LEARNED_PLAIN = "calibrator/discriminants", "calibrator/plain"


def read_weights(name: str) -> Mapping[str, npt.NDArray[np.floating]]:
    """The tensors of a file by their names: `layer/weight`, and `BACKGROUND` where it knows cars."""
    tensors: Mapping[str, npt.NDArray[np.floating]] = load_file(WEIGHTS / name)
    return tensors
