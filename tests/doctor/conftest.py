from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from kuzov.data.duplicates import Signature
from kuzov.doctor.reading import ReadPhoto
from kuzov.images.quality import Quality
from kuzov.records import Car

if TYPE_CHECKING:
    from kuzov.doctor.findings import Diagnosis


def a_photo(name: str, digest: str = "", cars: Sequence[Car] = ()) -> ReadPhoto:
    """A photo of which only the place counts: "train/suv/1.jpg" or "suv/1.jpg"."""
    *side, label, _ = name.split("/")
    return ReadPhoto(
        path=Path(name),
        name=name,
        label=label,
        side=side[0] if side else "",
        digest=digest or name,
        width=640,
        height=480,
        signature=Signature(np.zeros((3, 64, 64), np.uint8)),
        quality=Quality(width=640, height=480, aspect=4 / 3, sharpness=1, brightness=0.5),
        cars=tuple(cars),
    )


@pytest.fixture(scope="session")
def damaged(synthetic_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawn cars with one fault of most kinds; read it, don't change it."""
    root = tmp_path_factory.mktemp("damaged") / "photos"
    shutil.copytree(synthetic_photos, root)
    sedan, suv = root / "train" / "sedan", root / "train" / "suv"
    whole = (sedan / "1.jpg").read_bytes()
    (sedan / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (sedan / "empty.jpg").touch()
    (sedan / "notes.txt").write_text("Bought in 2019.")
    shutil.copy(sedan / "2.jpg", sedan / "same.jpg")
    shutil.copy(sedan / "3.jpg", suv / "of_two.jpg")
    with Image.open(suv / "1.jpg") as image:
        ImageOps.mirror(image).resize((200, 150)).save(root / "validation" / "suv" / "mirror.jpg")
    with Image.open(suv / "2.jpg") as image:
        image.resize((100, 69)).save(suv / "tiny.png")
        image.filter(ImageFilter.GaussianBlur(20)).save(suv / "blurred.png")
        image.point([value // 12 for value in range(256)] * 3).save(suv / "dark.png")
        image.resize((1000, 200)).save(suv / "banner.png")
    return root


@pytest.fixture(scope="session")
def diagnosis(damaged: Path, own_cache: Path) -> Diagnosis:
    """What is found in them."""
    from kuzov.api import diagnose

    return diagnose(damaged)
