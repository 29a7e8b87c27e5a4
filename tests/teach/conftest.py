from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from PIL import Image

from kuzov.records import ClassName
from kuzov.teach.photo_store import PhotoStore
from tests.chaos.running import Server, publish, running


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


@dataclass(frozen=True)
class School:
    """A server with a model that may be taught, and what is on its disk."""

    server: Server
    base: Path
    photos: Path
    token: str


S = TypeVar("S", bound=School)


@contextmanager
def school(folder: Path, kind: type[S]) -> Iterator[S]:
    """A server of the ready model as version 1, and of the photos that lie in the folder."""
    base, photos = folder / "m", folder / "photos"
    base.mkdir()
    publish(base, 1)
    with running(base, folder / "log", "--teach=true", f"--teach-photos={photos}") as server:
        token = re.search(r"with this token: (\S+)", server.log.read_text(encoding="utf-8"))
        assert token is not None
        yield kind(server=server, base=base, photos=photos, token=token[1])
