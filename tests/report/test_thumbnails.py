from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from kuzov.report.thumbnails import load_explainer, make_thumbnail

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult


@pytest.mark.parametrize(
    ("size", "shown"), [((400, 200), (176, 88)), ((200, 400), (66, 132)), ((9, 9), (9, 9))]
)
def test_a_thumbnail_is_a_small_jpeg_of_what_the_model_sees(
    tmp_path: Path, size: tuple[int, int], shown: tuple[int, int]
) -> None:
    photo = tmp_path / "1.png"
    Image.new("RGB", size, "red").save(photo)
    thumbnail = make_thumbnail(photo)
    assert thumbnail is not None
    assert (thumbnail.size, thumbnail.heat, len(thumbnail)) == (shown, None, len(thumbnail.photo))
    with Image.open(BytesIO(thumbnail.photo)) as image:
        assert (image.format, image.size) == ("JPEG", shown)


def test_what_can_not_be_read_has_none(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"\xff\xd8\xff broken")
    assert make_thumbnail(tmp_path / "1.jpg") is None
    assert make_thumbnail(tmp_path / "2.jpg") is None


@pytest.mark.slow
def test_where_the_model_looked_is_in_the_same_frame(trained: TrainResult, synthetic_photos: Path) -> None:
    explainer = load_explainer(trained.bundle)
    thumbnail = make_thumbnail(next((synthetic_photos / "test").iterdir()), explainer)
    assert thumbnail is not None
    assert thumbnail.heat is not None
    with Image.open(BytesIO(thumbnail.heat)) as image:
        assert image.size == thumbnail.size
    assert len(thumbnail) == len(thumbnail.photo) + len(thumbnail.heat)


def test_a_bundle_that_is_gone_explains_nothing(tmp_path: Path) -> None:
    assert load_explainer(tmp_path / "gone") is None
