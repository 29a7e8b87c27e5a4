from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import openvino
import pytest

from kuzov.bundle.card import read_card
from kuzov.bundle.layout import OPENVINO_MODEL
from kuzov.data.framed import frame_photos
from kuzov.engine.int8 import FLOAT_LAYERS
from kuzov.engine.quantise import quantise
from kuzov.records import FramedPhotos
from tests.conftest import Once

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult


@pytest.fixture(scope="session")
def photos(trained: TrainResult, synthetic_photos: Path) -> FramedPhotos:
    """The drawn cars, as their bundle is shown them."""
    return frame_photos(synthetic_photos, read_card(trained.bundle), lambda *_: None)


@pytest.fixture(scope="session")
def quantised(trained: TrainResult, photos: FramedPhotos, once: Once) -> Mapping[int, Path]:
    """What NNCF makes of the drawn cars' network, by how many of its first layers stay in float."""
    if find_spec("nncf") is None:
        pytest.skip("NNCF is not installed; it quantises")

    def make(folder: Path) -> Mapping[int, Path]:
        made = {layers: folder / f"{layers}.xml" for layers in FLOAT_LAYERS}
        for layers, file in made.items():
            model = quantise(trained.bundle / OPENVINO_MODEL, photos.learned, float_layers=layers)
            openvino.save_model(model, file, compress_to_fp16=False)
        return made

    return once("quantised", make)
