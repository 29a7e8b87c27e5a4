"""TensorFlow's file format for a sequence of records, TFRecord."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")
_HEADER_BYTES = _LENGTH.size + _CHECKSUM.size
_MASK = 0xA282EAD8
_POLYNOMIAL = 0x82F63B78  # Castagnoli's, its bits in reverse order
_ONES = 0xFFFFFFFF

Words = npt.NDArray[np.uint32]


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


def _checked(file: BinaryIO, length: int, offset: int) -> bytes:
    data, checksum = file.read(length), file.read(_CHECKSUM.size)
    if checksum != _CHECKSUM.pack(masked(crc32c(data))):
        hint = " (Is this even a TFRecord file?)" if offset == 0 else ""
        raise ValueError(f"corrupted record at {offset}{hint}")
    return data


def masked(crc: int) -> int:
    """A checksum as it stands in the file."""
    return ((crc >> 15 | crc << 17) + _MASK) & _ONES


def crc32c(data: bytes) -> int:
    """Castagnoli's cyclic redundancy check.

    It is linear: what follows a part of the data shifts the part's check by as many bytes. So neighbours are
    joined to pairs, pairs to fours and so on, each time all at once.
    """
    checks = _byte_checks()[np.frombuffer(data, np.uint8)] if data else np.zeros(1, np.uint32)
    start = np.array([_ONES], np.uint32)
    level = 0
    while len(checks) > 1 or len(data) >> level:
        if len(data) >> level & 1:
            start = _shift(start, level)
        if len(checks) % 2:
            checks = np.concatenate([np.zeros(1, np.uint32), checks])
        checks = _shift(checks[::2], level) ^ checks[1::2]
        level += 1
    return int(checks[0] ^ start[0]) ^ _ONES


def _shift(checks: Words, level: int) -> Words:
    """Checks after 2**level more bytes, all zero."""
    table = _shift_table(level)
    shifted: Words = table[0][checks & 0xFF]
    for place in (1, 2, 3):
        shifted ^= table[place][checks >> np.uint32(8 * place) & 0xFF]
    return shifted


@cache
def _shift_table(level: int) -> Words:
    """The shift of each byte at each of its four places in a check, (4, 256)."""
    if level == 0:
        places = np.arange(256, dtype=np.uint32) << (8 * np.arange(4, dtype=np.uint32)[:, None])
        shifted: Words = places >> np.uint32(8) ^ _byte_checks()[places & 0xFF]
        return shifted
    return _shift(_shift_table(level - 1), level - 1)


@cache
def _byte_checks() -> Words:
    """The check of each byte alone, (256,)."""
    checks: Words = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        checks = checks >> np.uint32(1) ^ (checks & np.uint32(1)) * np.uint32(_POLYNOMIAL)
    return checks
