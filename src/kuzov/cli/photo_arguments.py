"""What the arguments of `kuzov predict` stand for: files, folders, patterns, addresses, standard input."""

from __future__ import annotations

import glob
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kuzov.client.fetch import MAX_BYTES, fetch, is_web_address
from kuzov.errors import PhotoError
from kuzov.images.formats import is_photo_file
from kuzov.words import Words, number

STANDARD_INPUT = "-"
_NO_PHOTO = Words(
    "there is no photo in this folder or the folders in it", "в этой папке и папках в ней нет фотографий"
)
_NO_MATCH = Words("no file matches this pattern; check it", "под этот шаблон не подходит ни один файл")
_OTHER_ADDRESS = Words(
    "of addresses only http:// and https:// are read here; kuzov classify reads others too",
    "из адресов здесь читаются только http:// и https://; kuzov classify читает и другие",
)
_TOO_LONG = Words(
    "more than {most} bytes came on standard input, which no photo has",
    "через стандартный ввод пришло больше {most} байт, таких фотографий не бывает",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A photo to ask about: what it is called, and its path or its content."""

    name: str
    photo: str | bytes


def photos_of(arguments: Iterable[str]) -> Iterator[Asked | PhotoError]:
    """The photos that arguments stand for, in their order, those of a folder or a pattern by name.

    An address is fetched when it is asked for. What stands for no photo becomes its error.
    """
    for argument in arguments:
        try:
            yield from _photos_of(argument)
        except PhotoError as error:
            yield error


def _photos_of(argument: str) -> Iterator[Asked]:
    if argument == STANDARD_INPUT:
        yield Asked(argument, _from_standard_input())
    elif is_web_address(argument):
        yield Asked(argument, fetch(argument))
    elif argument.lower().startswith("file:///"):
        yield from _photos_of(unquote(urlsplit(argument).path))
    elif "://" in argument and not Path(argument).exists():
        raise PhotoError(argument, _OTHER_ADDRESS)
    else:
        yield from (Asked(each, each) for each in _files(argument))


def _from_standard_input() -> bytes:
    content = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise PhotoError(STANDARD_INPUT, _TOO_LONG.fill(most=number(MAX_BYTES)))
    return content


def _files(argument: str) -> list[str]:
    path = Path(argument)
    try:
        if path.is_dir():
            return _photos_in(path)
        if path.exists() or not glob.has_magic(argument):
            return [argument]
    except ValueError:  # a name with a zero byte
        return [argument]
    # Path.glob takes no absolute pattern.
    found = sorted(each for each in glob.iglob(argument, recursive=True) if not Path(each).is_dir())  # noqa: PTH207
    if not found:
        raise PhotoError(argument, _NO_MATCH)
    return found


def _photos_in(folder: Path) -> list[str]:
    """The photos in a folder and its folders but hidden ones."""
    found = [
        str(each)
        for each in sorted(folder.rglob("*"))
        if not any(part.startswith(".") for part in each.relative_to(folder).parts) and is_photo_file(each)
    ]
    if not found:
        raise PhotoError(str(folder), _NO_PHOTO)
    return found
