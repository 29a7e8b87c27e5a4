"""The wire format of protobuf, as far as large values are read and written past it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5

_FIXED_SIZES = {FIXED64: 8, FIXED32: 4}
_MAX_VARINT_BYTES = 10
_MAX_TAG = 2**32
MAX_FIELDS = 256
"""How many fields are looked at one by one; protobuf is faster where there are more."""


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """A number, and the position after it.

    Raises:
        ValueError: There is none, or it is written in more bytes than it needs.
    """
    value = shift = 0
    for end in range(position, min(position + _MAX_VARINT_BYTES, len(data))):
        byte = data[end]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if byte == 0 and end > position:
                break
            return value, end + 1
        shift += 7
    raise ValueError("a number is cut off or too long")


def write_varint(value: int) -> bytes:
    """The bytes of a number, which is not negative."""
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def packed_field(number: int, payload: bytes) -> bytes:
    """A length-delimited field."""
    return write_varint(number << 3 | LENGTH_DELIMITED) + write_varint(len(payload)) + payload


def fields(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int, int]]:
    """The fields of a message that stands in `data[start:end]`.

    Yields:
        Number, wire type, and where the field, its value, and the next field begin. A length-delimited value
        begins after its length.

    Raises:
        ValueError: It is no message, or has groups or many fields, or is written in an unusual way.
    """
    position, count = start, 0
    while position < end:
        count += 1
        if count > MAX_FIELDS:
            raise ValueError("the message has many fields")
        begin = position
        tag, position = read_varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        value = position
        if wire_type == LENGTH_DELIMITED:
            length, value = read_varint(data, position)
            position = value + length
        elif wire_type == VARINT:
            _, position = read_varint(data, position)
        elif wire_type in _FIXED_SIZES:
            position += _FIXED_SIZES[wire_type]
        else:
            raise ValueError("the message has groups")
        if number == 0 or tag >= _MAX_TAG or position > end:
            raise ValueError("the message is broken")
        yield number, wire_type, begin, value, position


def packed_varints(payload: bytes | memoryview) -> npt.NDArray[Any]:
    """The numbers of a packed field, as uint8 or uint64; negative ones are wrapped.

    Raises:
        ValueError: The last number is cut off, or one is longer than 64 bits.
    """
    data = np.frombuffer(payload, np.uint8) if len(payload) else np.empty(0, np.uint8)
    last = np.flatnonzero(data < 0x80)
    if len(last) == len(data):
        return data
    if len(last) == 0 or last[-1] + 1 != len(data):
        raise ValueError("the last number is cut off")
    lengths = np.diff(last, prepend=-1)
    longest = int(lengths.max())
    if longest >= _MAX_VARINT_BYTES and (
        longest > _MAX_VARINT_BYTES or data[last][lengths == longest].max() > 1
    ):
        raise ValueError("a number is longer than 64 bits")
    values = data[last].astype(np.uint64)
    for back in range(1, longest):
        longer = np.flatnonzero(lengths > back)
        values[longer] = values[longer] << 7 | data[last[longer] - back] & 0x7F
    return values
