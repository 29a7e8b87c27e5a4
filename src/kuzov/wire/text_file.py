"""Configuration files in protobuf's text form."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from google.protobuf import text_format
from google.protobuf.message import Message

from kuzov.errors import ConfigError, reason_of
from kuzov.wire.messages import POOL

M = TypeVar("M", bound=Message)


def read_text_file(file: Path, message: type[M]) -> M:
    """The message that a file holds in text form.

    Raises:
        ConfigError: The file can't be read, or it holds no such message; the text says where and why.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"The file {file} can't be read: {reason_of(error)}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"The file {file} is not UTF-8 text: byte {error.start} is wrong.") from error
    try:
        return text_format.Parse(text, message(), descriptor_pool=POOL)
    except text_format.ParseError as error:
        name = message.DESCRIPTOR.full_name
        raise ConfigError(f"{file}: Error parsing text-format {name}: {error}") from error
