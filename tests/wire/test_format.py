from __future__ import annotations

import pytest
from google.protobuf.wrappers_pb2 import UInt64Value
from hypothesis import given
from hypothesis import strategies as st

from kuzov.wire.format import MAX_FIELDS, fields, packed_field, packed_varints, read_varint, write_varint
from kuzov.wire.messages import TensorProto


@given(st.integers(0, 2**64 - 1))
def test_a_number_is_written_as_protobuf_writes_it(value: int) -> None:
    assert write_varint(value) == (UInt64Value(value=value).SerializeToString()[1:] or b"\x00")
    assert read_varint(b"before" + write_varint(value) + b"after", 6) == (value, 6 + len(write_varint(value)))


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x80\x00", b"\xff" * 10 + b"\x01"])
def test_a_number_that_protobuf_would_not_write_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^a number is cut off or too long$"):
        read_varint(data, 0)


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_packed_numbers_are_read(values: list[int]) -> None:
    message = TensorProto(int64_val=values).SerializeToString()
    payloads = [message[value:end] for _, _, _, value, end in fields(message, 0, len(message))]
    found = packed_varints(b"".join(payloads))
    assert found.astype("int64").tolist() == values


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\x01\x80", "the last number is cut off"),
        (b"\x80", "the last number is cut off"),
        (b"\xff" * 9 + b"\x02", "a number is longer than 64 bits"),
        (b"\xff" * 10 + b"\x01", "a number is longer than 64 bits"),
    ],
)
def test_broken_packed_numbers_are_told(payload: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        packed_varints(payload)


def test_the_fields_of_a_message_are_found() -> None:
    message = b"\x08\x01" + packed_field(4, b"content") + b"\x2d\x00\x00\x80\x3f" + b"\x31" + bytes(8)
    assert list(fields(message, 0, len(message))) == [
        (1, 0, 0, 1, 2),
        (4, 2, 2, 4, 11),
        (5, 5, 11, 12, 16),
        (6, 1, 16, 17, 25),
    ]
    assert [number for number, *_ in fields(message, 2, 16)] == [4, 5]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"\x0b\x0c", "the message has groups"),
        (b"\x00\x01", "the message is broken"),
        (b"\x22\x08content", "the message is broken"),
        (write_varint(2**32 + 8) + b"\x01", "the message is broken"),
        (b"\x2d\x00\x00", "the message is broken"),
        (b"\x08\x01" * (MAX_FIELDS + 1), "the message has many fields"),
    ],
)
def test_a_message_that_is_none_or_unusual_is_refused(message: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        list(fields(message, 0, len(message)))
