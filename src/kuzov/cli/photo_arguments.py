"""What the arguments of `kuzov predict` stand for: files, folders, patterns, addresses, standard input."""

from __future__ import annotations

import glob
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kuzov.client.fetch import MAX_BYTES, fetch, is_web_address
from kuzov.errors import PhotoError, reason_of
from kuzov.images.folder import NAMES_OF_PHOTOS, files_below, photos_among
from kuzov.images.formats import EXTENSIONS
from kuzov.images.reasons import CAN_NOT_BE_READ
from kuzov.words import Words, number

STANDARD_INPUT = "-"
_NO_PHOTO = Words(
    "there is no photo in this folder or the folders in it{hint}",
    "в этой папке и папках в ней нет фотографий{hint}",
)
_NO_MATCH = Words("no file matches this pattern; check it", "под этот шаблон не подходит ни один файл")
_OTHER_ADDRESS = Words(
    "of addresses only http:// and https:// are read here; kuzov classify reads others too",
    "из адресов здесь читаются только http:// и https://; kuzov classify читает и другие",
)
_CLOSED = Words("standard input is closed", "стандартный ввод закрыт")
_TOO_LONG = Words(
    "more than {most} bytes came on standard input, which no photo has",
    "через стандартный ввод пришло больше {most} байт, таких фотографий не бывает",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A photo to ask about: what it is called, and its path or its content."""

    name: str
    photo: str | bytes


class AskedPhotos:
    """The photos that arguments stand for, in their order, those of a folder or a pattern by name.

    An address is fetched when it is asked for. What stands for no photo, or can't be listed, becomes its
    error. `left_out` counts the files of folders that are no photos, by their names' endings.
    """

    def __init__(self, arguments: Iterable[str]) -> None:
        self.left_out: Counter[str] = Counter()
        self._arguments = arguments

    def __iter__(self) -> Iterator[Asked | PhotoError]:
        """List them one after another."""
        for argument in self._arguments:
            try:
                yield from self._photos_of(argument)
            except PhotoError as error:
                yield error

    def _photos_of(self, argument: str) -> Iterator[Asked | PhotoError]:
        if argument == STANDARD_INPUT:
            yield Asked(argument, _from_standard_input())
        elif is_web_address(argument):
            yield Asked(argument, fetch(argument))
        elif argument.lower().startswith("file:///"):
            yield from self._photos_of(unquote(urlsplit(argument).path))
        elif "://" in argument and not Path(argument).exists():
            raise PhotoError(argument, _OTHER_ADDRESS)
        elif os.path.isdir(argument):  # noqa: PTH112 — a name may hold a zero byte
            yield from self._photos_in(Path(argument))
        else:
            yield from (Asked(each, each) for each in _files(argument))

    def _photos_in(self, folder: Path) -> Iterator[Asked | PhotoError]:
        """The photos in a folder and its folders, then the folders that can't be read."""
        unreadable: list[PhotoError] = []

        def note(error: OSError) -> None:
            named = str(Path(error.filename or folder))
            unreadable.append(PhotoError(named, CAN_NOT_BE_READ.fill(why=reason_of(error))))

        left_out: Counter[str] = Counter()
        found = sorted(str(Path(each)) for each in photos_among(files_below(folder, note), left_out))
        self.left_out += left_out
        if not found and not unreadable:
            hint = NAMES_OF_PHOTOS.fill(endings=", ".join(EXTENSIONS)) if left_out else ""
            raise PhotoError(str(folder), _NO_PHOTO.fill(hint=hint))
        yield from (Asked(each, each) for each in found)
        yield from unreadable


def _from_standard_input() -> bytes:
    if sys.stdin is None:  # as <&- of a shell has it
        raise PhotoError(STANDARD_INPUT, _CLOSED)
    content = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise PhotoError(STANDARD_INPUT, _TOO_LONG.fill(most=number(MAX_BYTES)))
    return content


def _files(argument: str) -> list[str]:
    """The file of this name or, where there is none, those that match it as a pattern."""
    if os.path.exists(argument) or not glob.has_magic(argument):  # noqa: PTH110
        return [argument]
    # Path.glob takes no absolute pattern.
    found = sorted(each for each in glob.iglob(argument, recursive=True) if not Path(each).is_dir())  # noqa: PTH207
    if not found:
        raise PhotoError(argument, _NO_MATCH)
    return found
