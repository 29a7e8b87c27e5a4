from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kuzov.doctor.findings import Kind
from kuzov.doctor.folder import list_folder
from kuzov.doctor.reading import is_cut_short, read_photos
from kuzov.images.reasons import BROKEN, EMPTY, LACKS_END, UNSUPPORTED


def encoded(form: str) -> bytes:
    noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3)).astype(np.uint8)
    file = BytesIO()
    Image.fromarray(noise).save(file, format=form)
    return file.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP", "GIF"])
def test_whole_and_cut_short(form: str) -> None:
    content = encoded(form)
    assert not is_cut_short(content)
    assert is_cut_short(content[: len(content) // 2])


def test_a_damaged_file_of_full_length_is_not_cut_short() -> None:
    content = encoded("PNG")
    assert not is_cut_short(content[:100] + bytes(200) + content[300:])


def test_a_thumbnail_in_the_header_is_not_the_end() -> None:
    content = encoded("JPEG")
    header = content[:2] + b"\xff\xe1\x00\x10" + b"\xff\xd8\xff\xda\xff\xd9".ljust(14, b"\0") + content[2:]
    assert not is_cut_short(header)
    assert is_cut_short(header[: len(header) // 2])


def test_a_photo_that_lacks_only_its_end_is_read_and_told(tmp_path: Path) -> None:
    (tmp_path / "suv").mkdir()
    (tmp_path / "suv" / "1.jpg").write_bytes(encoded("JPEG")[:-2])
    photos, findings = read_photos(list_folder(tmp_path), lambda *_: None)
    assert [photo.name for photo in photos] == ["suv/1.jpg"]
    assert [(each.kind, each.facts["reason"]) for each in findings] == [(Kind.TRUNCATED, str(LACKS_END))]


def test_what_can_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "suv").mkdir()
    whole = encoded("JPEG")
    contents = {"0.jpg": whole, "1.jpg": whole[:2000], "2.jpg": b"", "3.jpg": b"a text"}
    for name, content in contents.items():
        (tmp_path / "suv" / name).write_bytes(content)
    steps: list[int] = []
    photos, findings = read_photos(list_folder(tmp_path), lambda _stage, done, _total: steps.append(done))
    assert [photo.name for photo in photos] == ["suv/0.jpg"]
    assert [(finding.photos, finding.kind, finding.facts["reason"]) for finding in findings] == [
        (("suv/1.jpg",), Kind.TRUNCATED, str(BROKEN)),
        (("suv/2.jpg",), Kind.UNREADABLE, str(EMPTY)),
        (("suv/3.jpg",), Kind.UNREADABLE, str(UNSUPPORTED)),
    ]
    assert steps == [0, 1, 2, 3, 4]
