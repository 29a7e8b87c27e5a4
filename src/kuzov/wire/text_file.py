"""Configuration files in protobuf's text form."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from google.protobuf import text_format
from google.protobuf.message import Message

from kuzov.errors import ConfigError, reason_of
from kuzov.wire.messages import POOL
from kuzov.words import Words

UNREADABLE = Words("The file {file} can't be read: {why}.", "Файл {file} не читается: {why}.")
NOT_UTF_8 = Words(
    "The file {file} is not UTF-8 text: byte {byte} is wrong.",
    "Файл {file} — не текст в UTF-8: неверен байт {byte}.",
)
NOT_THE_MESSAGE = Words(
    "{file}: Error parsing text-format {name}: {why}", "В {file} не разобрать текст {name}: {why}"
)

M = TypeVar("M", bound=Message)


def read_text_file(file: Path, message: type[M]) -> M:
    """The message that a file holds in text form.

    Raises:
        ConfigError: The file can't be read, or it holds no such message; the text says where and why.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(UNREADABLE.fill(file=str(file), why=reason_of(error))) from error
    except UnicodeDecodeError as error:
        raise ConfigError(NOT_UTF_8.fill(file=str(file), byte=error.start)) from error
    try:
        return text_format.Parse(text, message(), descriptor_pool=POOL)
    except text_format.ParseError as error:
        name = message.DESCRIPTOR.full_name
        raise ConfigError(NOT_THE_MESSAGE.fill(file=str(file), name=name, why=str(error))) from error
