"""Moving files out of a folder of photos, and back. Nothing is deleted or overwritten.

PHOTOS.quarantine/20300131T120000Z/manifest.json     what was moved, written before the first move
PHOTOS.quarantine/20300131T120000Z/photos/…          the files, by their paths in PHOTOS
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

import msgspec

from kuzov.atomic import written_whole
from kuzov.doctor.findings import Move
from kuzov.errors import KuzovError, reason_of
from kuzov.words import Words

_UNWRITABLE = Words(
    "The quarantine {folder} can't be written: {why}. Nothing was moved.",
    "В карантин {folder} не записать: {why}. Ничего не перенесено.",
)
_NOT_MOVED = Words(
    "{photo} can't be moved to {folder}: {why}. "
    "What was moved before is put back by: kuzov doctor {photos} --undo",
    "{photo} не перенести в {folder}: {why}. "
    "Перенесённое до этого вернёт команда kuzov doctor {photos} --undo",
)
_NO_QUARANTINE = Words(
    "There is no quarantine of {photos} to put back: {above} has none.",
    "Возвращать в {photos} нечего: карантина {above} нет.",
)
_NOT_PUT_BACK = Words(
    "{source} can't be put back: {why}. It stays where it is; try again.",
    "{source} не вернуть: {why}. Файл остаётся на месте; повторите попытку.",
)
_NO_MANIFEST = Words(
    "The manifest {manifest} can't be read; mend it, or move the files by hand.",
    "Опись {manifest} не читается; исправьте её или перенесите файлы вручную.",
)
_OUTSIDE = Words(
    '{manifest}: moves[{place}].photo is "{name}"; it must be a path inside of the folder of photos.',
    '{manifest}: moves[{place}].photo — "{name}", а нужен путь внутри папки с фотографиями.',
)

MANIFEST = "manifest.json"
FILES = "photos"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was put back.

    Attributes:
        quarantine: The folder that they were in.
        photos: Files that are in their places again, relative to the folder of photos.
        left: Files that stay in the quarantine, as another file has taken their place since.
    """

    quarantine: Path
    photos: tuple[str, ...]
    left: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """The object that `kuzov doctor --undo --json` prints."""
        told = {"restored": list(self.photos), "left": list(self.left)}
        return {"quarantine": str(self.quarantine), **told}


@dataclass(frozen=True, slots=True)
class _Moved:
    photo: str


@dataclass(frozen=True, slots=True)
class _Manifest:
    moves: tuple[_Moved, ...]


def quarantine_of(photos: Path) -> Path:
    """The folder beside a folder of photos that holds its quarantines."""
    photos = photos.resolve()
    return photos.with_name(f"{photos.name}.quarantine")


def quarantine(photos: Path, moves: Sequence[Move]) -> Path:
    """Move files out of a folder of photos, into a new quarantine.

    The manifest comes first: a quarantine that was stopped halfway can be undone like any other.

    Raises:
        KuzovError: The quarantine can't be written, or a file can't be moved. What was moved before stays
            moved, and can be undone.
    """
    root = photos.resolve()
    try:
        folder = _new_folder(quarantine_of(photos))
        _write_manifest(folder, root, moves)
    except OSError as error:
        above = str(quarantine_of(photos))
        raise KuzovError(_UNWRITABLE.fill(folder=above, why=reason_of(error))) from error
    for each in moves:
        try:
            _move(root / each.photo, folder / FILES / each.photo)
        except OSError as error:
            told = {"photos": str(photos), "photo": str(photos / each.photo), "folder": str(folder)}
            raise KuzovError(_NOT_MOVED.fill(**told, why=reason_of(error))) from error
    return folder


def restore(photos: Path) -> Restored:
    """Put the newest quarantine of a folder of photos back.

    A file whose place was taken since stays in the quarantine. A quarantine that is empty then goes; so the
    next call puts back the one before.

    Raises:
        KuzovError: There is none, its manifest is broken, or a file can't be moved.
    """
    root, above = photos.resolve(), quarantine_of(photos)
    manifests = sorted(above.glob(f"*/{MANIFEST}"))
    if not manifests:
        raise KuzovError(_NO_QUARANTINE.fill(photos=str(photos), above=str(above)))
    folder = manifests[-1].parent
    restored, left = [], []
    for name in _read_manifest(manifests[-1]):
        source, place = folder / FILES / name, root / name
        if not os.path.lexists(source):
            continue  # it never came here, or was put back before
        if os.path.lexists(place):
            left.append(name)
            continue
        try:
            _move(source, place)
        except OSError as error:
            raise KuzovError(_NOT_PUT_BACK.fill(source=str(source), why=reason_of(error))) from error
        restored.append(name)
    if not left:
        _remove_empty(folder)
    return Restored(quarantine=folder, photos=tuple(restored), left=tuple(left))


def _new_folder(above: Path) -> Path:
    """A folder that sorts after all older ones."""
    above.mkdir(exist_ok=True)
    name, number = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()), 1
    while True:
        folder = above / (name if number == 1 else f"{name}-{number:03}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def _write_manifest(folder: Path, root: Path, moves: Sequence[Move]) -> None:
    content = {"photos": str(root), "moves": [asdict(move) for move in moves]}
    with written_whole(folder / MANIFEST) as file:
        file.write_text(json.dumps(content, indent=1), encoding="ascii")  # JSON escapes what is no Unicode


def _read_manifest(manifest: Path) -> list[str]:
    """Paths of the files in the folder of photos."""
    try:
        content = msgspec.convert(json.loads(manifest.read_text(encoding="utf-8")), _Manifest)
    except (OSError, ValueError) as error:
        raise KuzovError(_NO_MANIFEST.fill(manifest=str(manifest))) from error
    names = [each.photo for each in content.moves]
    for place, name in enumerate(names):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise KuzovError(_OUTSIDE.fill(manifest=str(manifest), place=place, name=name))
    return names


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(target):
        raise FileExistsError(None, "another file is there already", str(target))
    source.rename(target)


def _remove_empty(folder: Path) -> None:
    """Remove a quarantine that holds nothing but its manifest; one that holds more stays."""
    for inner, _, _ in os.walk(folder / FILES, topdown=False):
        try:
            Path(inner).rmdir()
        except OSError:
            return
    (folder / MANIFEST).unlink()
    for each in (folder, folder.parent):
        try:
            each.rmdir()
        except OSError:
            return
