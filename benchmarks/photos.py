"""Photos to measure with: those beside the project, and JPEGs of one size, as many as are asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageOps

from benchmarks.process import REPOSITORY
from kuzov.data.synthetic import render_cars
from kuzov.images.formats import EXTENSIONS

SIZE, QUALITY, KINDS = (600, 400), 85, 100
A_FOLDER = 1_000


def shared_data(name: str) -> Path:
    """A folder of the photos beside the project; ends the program with a sentence where it is not there."""
    folder = Path(os.environ.get("KUZOV_SHARED", REPOSITORY.parent / "shared")) / "data" / name
    if not folder.is_dir():
        sys.exit(f"The photos are not here: there is no folder {folder}. KUZOV_SHARED may name another.")
    return folder


def make_photos(folder: Path, source: str | None = None) -> list[Path]:
    """Some different JPEGs of `SIZE` in `folder`, of the photos in `source`, else of drawn cars."""
    photos = Path(source) if source else render_cars(folder / "drawn")
    files = sorted(file for file in photos.rglob("*") if file.suffix.lower() in EXTENSIONS)[:KINDS]
    (folder / "kinds").mkdir()
    made = []
    for number, file in enumerate(files):
        fitted = ImageOps.fit(Image.open(file).convert("RGB"), SIZE)
        made.append(folder / "kinds" / f"{number:03}.jpg")
        fitted.save(made[-1], quality=QUALITY)
    return made


def link_photos(kinds: Sequence[Path], count: int, folder: Path) -> Path:
    """A folder of folders of so many photos."""
    for number in range(count):
        place = folder / f"{number // A_FOLDER:04}"
        if number % A_FOLDER == 0:
            place.mkdir(parents=True)
        os.link(kinds[number % len(kinds)], place / f"{number:07}.jpg")
    return folder
