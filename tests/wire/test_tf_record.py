from __future__ import annotations

import io
from pathlib import Path

import pytest

from kuzov.wire.tf_record import checksum, read_records, write_records
from tests.errors import raises


def read(content: bytes) -> list[bytes]:
    return list(read_records(io.BytesIO(content), len(content)))


def checked(part: bytes) -> bytes:
    return part + checksum(part)


def record(data: bytes) -> bytes:
    return checked(len(data).to_bytes(8, "little")) + checked(data)


def test_records_of_every_length_are_read_and_written_as_by_tensorflow(tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed; it writes the records")
    records = [bytes(range(256)) * 3, b"", *(b"kuzov" * length for length in range(9)), b"x" * 100_003]
    with tf.io.TFRecordWriter(str(tmp_path / "records")) as writer:
        for each in records:
            writer.write(each)
    content = (tmp_path / "records").read_bytes()
    assert read(content) == records
    written = io.BytesIO()
    write_records(written, records)
    assert written.getvalue() == content


HELLO = record(b"hello")


def test_a_record_is_framed_as_tensorflow_frames_it() -> None:
    assert HELLO == b"\x05\0\0\0\0\0\0\0\xea\xb2\x04>hello\xbb\x1f\x1c\x19"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"this is a text, not records", "corrupted record at 0 (Is this even a TFRecord file?)"),
        (HELLO[:12] + b"j" + HELLO[13:], "corrupted record at 12"),
        (HELLO[:-1] + b"\x00", "corrupted record at 12"),
        (HELLO + HELLO[:-2], "truncated record at 21' failed with Read less bytes than requested"),
        (
            checked((2**62).to_bytes(8, "little")),
            "truncated record at 0' failed with Read less bytes than requested",
        ),
    ],
)
def test_a_broken_file_is_told_in_tensorflows_words(content: bytes, error: str) -> None:
    with raises(ValueError, error):
        read(content)


@pytest.mark.parametrize("kept", [1, 8, 11])
def test_a_length_that_is_cut_off_ends_the_file(kept: int) -> None:
    assert read(HELLO + HELLO[:kept]) == [b"hello"]
