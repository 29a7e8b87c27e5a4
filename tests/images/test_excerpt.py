import io

import pytest

from kuzov.images.excerpt import excerpt

CONTENT = bytes(range(100))


def test_spans_are_read_one_after_the_other() -> None:
    file = excerpt(CONTENT, [(0, 3), (50, 52), (98, 100)])
    assert file.read() == bytes([0, 1, 2, 50, 51, 98, 99])
    assert (file.tell(), file.read(), file.read(5)) == (7, b"", b"")


def test_a_read_may_begin_and_end_within_a_span() -> None:
    file = excerpt(CONTENT, [(10, 14), (20, 24)])
    assert [file.read(3), file.read(3), file.read(3)] == [
        bytes([10, 11, 12]),
        bytes([13, 20, 21]),
        bytes([22, 23]),
    ]


@pytest.mark.parametrize(
    ("offset", "whence", "rest"),
    [(0, io.SEEK_SET, [10, 11, 20]), (2, io.SEEK_SET, [20]), (-1, io.SEEK_END, [20]), (9, io.SEEK_SET, [])],
)
def test_it_can_be_sought_in(offset: int, whence: int, rest: list[int]) -> None:
    file = excerpt(CONTENT, [(10, 12), (20, 21)])
    file.seek(offset, whence)
    assert file.read() == bytes(rest)


def test_it_ends_with_its_content() -> None:
    assert excerpt(CONTENT, [(0, 1), (98, 200), (300, 400)]).read() == bytes([0, 98, 99])


def test_the_whole_is_the_content_itself() -> None:
    assert excerpt(CONTENT, [(0, 100)]).read() is CONTENT
