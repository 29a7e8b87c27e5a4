from __future__ import annotations

import zlib

import pytest

from kuzov.serve.rest.compression import accepts_gzip, gzip


@pytest.mark.parametrize(
    "header", ["gzip", "GZIP", "deflate, gzip", "gzip;q=0.5", "br;q=1.0, gzip ; q=0.8, *;q=0", "*", "x-gzip"]
)
def test_gzip_is_asked_for(header: str) -> None:
    assert accepts_gzip(header)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "identity",
        "br",
        "gzip;q=0",
        "gzip;q=0.0, *",
        "*;q=0",
        "gzip;q=many",
        "identity, gzip;q=0.5",
        ",;",
    ],
)
def test_gzip_is_not_asked_for(header: str | None) -> None:
    assert not accepts_gzip(header)


def test_the_same_body_gives_the_same_bytes() -> None:
    packed = gzip(b"1.0, " * 1000)
    assert packed == gzip(b"1.0, " * 1000)
    assert zlib.decompress(packed, wbits=31) == b"1.0, " * 1000
