from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from kuzov.images.decode import decode
from kuzov.images.framing import frame
from kuzov.model.backbones import find_backbone

BACKBONE = "efficientnet-lite0-imagenet"


@pytest.fixture(scope="session")
def backbone() -> Any:
    """The shipped network, for reading only."""
    return find_backbone(BACKBONE).load()


@pytest.fixture(scope="session")
def ten_photos(request: pytest.FixtureRequest, synthetic_photos: Path) -> list[Path]:
    """Ten real photos of all kinds where they are, else drawn ones."""
    try:
        folder = request.getfixturevalue("real_photos") / "validation"
    except pytest.skip.Exception:
        folder = synthetic_photos / "train"
    photos = sorted(file for file in folder.rglob("*.*") if file.suffix.lower() in {".jpg", ".jpeg", ".png"})
    return sorted(photos, key=lambda file: hashlib.sha256(file.name.encode()).digest())[:10]


@pytest.fixture(scope="session")
def ten_images(ten_photos: list[Path]) -> npt.NDArray[np.float32]:
    """Ten photos as the network sees them: (10, 224, 224, 3)."""
    return np.stack([frame(decode(photo), 224) for photo in ten_photos]).astype(np.float32)
