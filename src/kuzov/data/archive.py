"""A zip of class folders as a folder, for as long as it is read.

A zip may come from anyone: nothing of it is written outside of a folder of its own, and how much it may hold
is counted as it is unpacked, not as it claims.
"""

from __future__ import annotations

import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from kuzov.atomic import free_name
from kuzov.data.files import entries
from kuzov.data.folder_names import set_of
from kuzov.errors import DatasetError, KuzovError, PhotoError, reason_of
from kuzov.images.formats import is_photo_file
from kuzov.words import Words, number, plain

MAX_FILES = 200_000
MAX_BYTES = 50_000_000_000
MAX_FILE_BYTES = 500_000_000

_UTF_8, _ENCRYPTED = 0x800, 0x1
_UNICODE_PATH = 0x7075  # Info-ZIP's field for a name in UTF-8
_FIRST_FILE = b"PK\3\4"
_COPY_BYTES = 1_000_000
_DAMAGED = Words(
    "{zip} can't be unpacked: {why}; download or make it anew",
    "{zip} не распаковать: {why}; скачайте или создайте заново",
)
_BROKEN = Words("it is broken or cut short", "он повреждён или оборван")
_OUTSIDE = Words(
    "{zip} holds a file {name} that would lie outside of it, so it is not unpacked; make it anew",
    "в {zip} есть файл {name}, который лёг бы вне папки, поэтому архив не распакован; создайте его заново",
)
_PROTECTED = Words(
    "{zip} is protected by a password; unpack it, and give the folder",
    "{zip} защищён паролем; распакуйте его и укажите папку",
)
_TOO_MUCH = Words(
    "{zip} holds more than {most}; unpack it, and give the folder",
    "в {zip} больше {most}; распакуйте его и укажите папку",
)
_FILES, _BYTES = Words("{count} files", "{count} файлов"), Words("{count} bytes", "{count} байт")
_NO_ROOM = Words(
    "{zip} can't be unpacked into {folder}: {why}. Free some space, or name another folder in TMPDIR",
    "{zip} не распаковать в {folder}: {why}. Освободите место или назовите другую папку в TMPDIR",
)


@contextmanager
def unpacked(photos: Path) -> Iterator[Path]:
    """The folder that a zip holds, unpacked for as long as it is used; what is no zip is given back as it is.

    A zip of one folder, as people make it of a folder, stands for that folder. Errors that end the context
    name its files as `as_given` does.

    Raises:
        DatasetError: The zip is damaged, protected, too large, or would write outside of its folder.
    """
    if not _is_zip(photos):
        yield photos
        return
    with tempfile.TemporaryDirectory(prefix="kuzov-zip-") as temporary:
        root = Path(temporary) / photos.stem
        root.mkdir()
        _unpack(photos, root)
        folder = _inner(root)
        try:
            yield folder
        except KuzovError as error:
            error.args = (as_given(error.words, folder, photos),)
            raise


def as_given(text: Words, folder: Path, photos: Path) -> Words:
    """A text about files in the folder that `unpacked` gives for photos, which says where the user has them.

    A file of a zip is told as photos.zip/bmw_x5/1.jpg, as the folder that it was unpacked into goes.
    """
    return Words(*(each.replace(str(folder), str(photos)) for each in (text.en, text.ru)))


def errors_as_given(errors: Iterable[PhotoError], folder: Path, photos: Path) -> tuple[PhotoError, ...]:
    """The same for what is wrong with files."""
    if folder == photos:
        return tuple(errors)
    return tuple(
        PhotoError(
            error.photo.replace(str(folder), str(photos)),
            as_given(error.reason_words, folder, photos),
            error.kind,
        )
        for error in errors
    )


def _is_zip(photos: Path) -> bool:
    """Whether a file is a zip, or what is left of one."""
    if not photos.is_file():
        return False
    try:
        with photos.open("rb") as file:
            return file.read(len(_FIRST_FILE)) == _FIRST_FILE or zipfile.is_zipfile(file)
    except OSError:
        return False


def _unpack(photos: Path, root: Path) -> None:
    try:
        with zipfile.ZipFile(photos) as archive:
            members = _members(archive, photos)
            left = MAX_BYTES
            for member, name in members:
                # A zip may hold two files of a name.
                target = free_name(root.joinpath(*name.parts))
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, target.open("xb") as file:
                    left -= _copy(source, file, min(left, MAX_FILE_BYTES), photos)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error) as error:
        why = plain(error) if isinstance(error, NotImplementedError) else _BROKEN
        raise DatasetError(_DAMAGED.fill(zip=str(photos), why=why)) from error
    except OSError as error:
        told = _NO_ROOM.fill(zip=str(photos), folder=str(root.parent), why=reason_of(error))
        raise DatasetError(told) from error


def _members(archive: zipfile.ZipFile, photos: Path) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """The files of an archive that are ordinary ones, each with its name."""
    found = []
    for member in archive.infolist():
        name = _name(member)
        # Links are passed over, and so is what macOS and Windows put beside the photos.
        linked = stat.S_ISLNK(member.external_attr >> 16)
        if member.is_dir() or name.endswith(("/", "\\")) or linked:
            continue
        parts = [part for part in name.replace("\\", "/").split("/") if part not in {"", "."}]
        if ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0] or "\0" in name:
            raise DatasetError(_OUTSIDE.fill(zip=str(photos), name=repr(name)))
        if "__MACOSX" in parts or any(part.startswith(".") for part in parts):
            continue
        if member.flag_bits & _ENCRYPTED:
            raise DatasetError(_PROTECTED.fill(zip=str(photos)))
        found.append((member, PurePosixPath(*parts)))
        if len(found) > MAX_FILES:
            raise _too_much(photos, _FILES, MAX_FILES)
    return found


def _name(member: zipfile.ZipInfo) -> str:
    """A file's name: in UTF-8 where it says or reads so, else in cp866, as Windows in Russian writes it."""
    if member.flag_bits & _UTF_8:
        return member.filename
    told = _unicode_path(member.extra)
    if told is not None:
        return told
    written = member.orig_filename.encode("cp437")  # as Python took it to be
    try:
        return written.decode("utf-8")
    except UnicodeDecodeError:
        return written.decode("cp866")


def _unicode_path(extra: bytes) -> str | None:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == _UNICODE_PATH and length > 5:
            return extra[at + 9 : at + 4 + length].decode("utf-8", "replace")
        at += 4 + length
    return None


def _copy(source: IO[bytes], file: IO[bytes], most: int, photos: Path) -> int:
    copied = 0
    while piece := source.read(_COPY_BYTES):
        copied += len(piece)
        if copied > most:
            raise _too_much(photos, _BYTES, most)
        file.write(piece)
    return copied


def _too_much(photos: Path, what: Words, most: int) -> DatasetError:
    return DatasetError(_TOO_MUCH.fill(zip=str(photos), most=what.fill(count=number(most))))


def _inner(root: Path) -> Path:
    """The folder that holds the class folders: the zipped one, unless that is a class or a set itself."""
    inside = entries(root)
    if len(inside) != 1 or not inside[0].is_dir() or set_of(inside[0].name) is not None:
        return root
    below = entries(inside[0])
    return root if any(not each.is_dir() and is_photo_file(each) for each in below) else _inner(inside[0])
