from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from PIL import Image

from kuzov.records import ClassName
from kuzov.teach.photo_store import PhotoStore

Photo: TypeAlias = Callable[..., bytes]


def a_photo(colour: str = "red", kind: str = "JPEG") -> bytes:
    """An encoded photo; another for each colour."""
    content = io.BytesIO()
    Image.new("RGB", (80, 60), colour).save(content, kind)
    return content.getvalue()


def named(label: str) -> ClassName:
    """A class that is called as its folder."""
    return ClassName(id=label, en=label, ru=label)


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    """A folder of photos that is not there yet."""
    return PhotoStore(tmp_path / "photos", max_pixels=1_000_000)
