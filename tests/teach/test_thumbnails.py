from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from kuzov.images.decode import decode
from kuzov.teach.refusal import RefusedError
from kuzov.teach.thumbnails import thumbnail


def test_a_small_jpeg(tmp_path: Path) -> None:
    Image.new("RGB", (640, 480), "red").save(tmp_path / "car.png")
    assert decode(thumbnail(tmp_path / "car.png")).size == (160, 120)


def test_a_photo_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as refused:
        thumbnail(tmp_path / "car.png")
    assert (refused.value.status, str(refused.value)) == (404, "car.png: no such file; check the path.")
