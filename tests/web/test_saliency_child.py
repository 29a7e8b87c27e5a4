from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from kuzov.bundle.ready import ready_model
from kuzov.web.saliency_child import Draughtsman, answer
from tests.web.conftest import drawn

PHOTO = drawn("", side=400)["buffer"]


def ask(*questions: tuple[Path, bytes]) -> list[tuple[dict[str, object], bytes]]:
    asked, answers = io.BytesIO(), io.BytesIO()
    for folder, photo in questions:
        asked.write(json.dumps({"folder": str(folder), "bytes": len(photo)}).encode() + b"\n" + photo)
    asked.seek(0)
    answer(asked, answers, Draughtsman())
    answers.seek(0)
    found = []
    while line := answers.readline():
        head = json.loads(line)
        found.append((head, answers.read(head["bytes"])))
    return found


@pytest.mark.slow
def test_pictures_and_what_is_wrong_with_photos(tmp_path: Path) -> None:
    bundle = ready_model() / "1"
    first, broken, missing, last = ask(
        (bundle, PHOTO), (bundle, b"no photo"), (tmp_path, PHOTO), (bundle, PHOTO)
    )
    picture = Image.open(io.BytesIO(first[1]))
    assert (picture.format, picture.size) == ("WEBP", (400, 300))  # no car, so the whole photo
    assert picture.convert("RGB").getextrema() != Image.open(io.BytesIO(PHOTO)).getextrema()
    assert first == last
    reason = "photo: is not a photo in a supported format; use JPEG, PNG, WebP, BMP or GIF"
    assert broken == ({"error": reason, "code": "INVALID", "reason": "no_image", "bytes": 0}, b"")
    assert missing[0]["code"] == "UNAVAILABLE"
    assert "No version in the model folder" in str(missing[0]["error"])
