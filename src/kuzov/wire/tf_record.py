"""TensorFlow's file format for a sequence of records, TFRecord."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import google_crc32c

_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")
_HEADER_BYTES = _LENGTH.size + _CHECKSUM.size
_MASK = 0xA282EAD8


def read_records(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The records of a file, up to one whose length is cut off.

    Args:
        file: Opened at its beginning.
        size: Its bytes; a record that claims to be longer is not believed.

    Raises:
        ValueError: A record is cut off, or is not what was written; in TensorFlow's words.
        OSError: The file can't be read.
    """
    offset = 0
    while offset + _HEADER_BYTES <= size:
        length = _LENGTH.unpack(_checked(file, _LENGTH.size, offset))[0]
        end = offset + _HEADER_BYTES + length + _CHECKSUM.size
        if end > size:
            raise ValueError(f"truncated record at {offset}' failed with Read less bytes than requested")
        yield _checked(file, length, offset + _HEADER_BYTES)
        offset = end


def write_records(file: BinaryIO, records: Iterable[bytes]) -> None:
    """Write records, one behind the other.

    Raises:
        OSError: The file can't be written.
    """
    for record in records:
        length = _LENGTH.pack(len(record))
        file.writelines((length, checksum(length), record, checksum(record)))


def _checked(file: BinaryIO, length: int, offset: int) -> bytes:
    data, found = file.read(length), file.read(_CHECKSUM.size)
    if found != checksum(data):
        hint = " (Is this even a TFRecord file?)" if offset == 0 else ""
        raise ValueError(f"corrupted record at {offset}{hint}")
    return data


def checksum(data: bytes) -> bytes:
    """What stands behind data in the file: its CRC-32C, turned and shifted so that no CRC is of a CRC."""
    crc = google_crc32c.value(data)
    return _CHECKSUM.pack(((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF)
