import io

import pytest

from kuzov.bulk.list_text import PROBE_BYTES, encoding_of, lines_of

LINES = ["a.jpg", "фото/б.jpg", "https://site/ü.jpg"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_list_is_read_in_whichever_encoding(encoding: str, end: str) -> None:
    content = (end.join([*LINES, ""]) + end).encode(encoding)
    assert list(lines_of(io.BytesIO(content))) == LINES


def test_utf_16_of_the_other_order_with_its_mark_is_read() -> None:
    content = b"\xfe\xff" + "\n".join(LINES).encode("utf-16-be")
    assert list(lines_of(io.BytesIO(content))) == LINES


def test_a_long_list_is_read_piece_by_piece() -> None:
    names = [f"фото {number}.jpg" for number in range(10_000)]
    content = "\n".join(names).encode("utf-16")
    assert len(content) > 2 * PROBE_BYTES
    assert list(lines_of(io.BytesIO(content))) == names


def test_names_that_are_no_utf_8_stay_as_they_are() -> None:
    assert list(lines_of(io.BytesIO(b"caf\xe9.jpg\n"))) == ["caf\udce9.jpg"]


@pytest.mark.parametrize("content", [b"\0\0\0\0", b"\x7fELF\2\1\1\0\0\0", b"a\0\0b\0"])
def test_what_is_no_text_is_none(content: bytes) -> None:
    assert encoding_of(content) is None
