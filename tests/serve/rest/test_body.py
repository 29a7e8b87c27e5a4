from __future__ import annotations

import gzip

import pytest

from kuzov.serve.rest.answer import HttpError
from kuzov.serve.rest.body import inflate

BODY = b'{"instances": [2]}'


def test_a_body_is_unpacked() -> None:
    assert inflate(gzip.compress(BODY), 1000) == BODY


@pytest.mark.parametrize("body", [b"", b"no gzip", gzip.compress(BODY)[:-9]])
def test_what_is_broken_reads_as_empty(body: bytes) -> None:
    assert inflate(body, 1000) == b""


def test_a_body_may_not_grow_without_limit() -> None:
    with pytest.raises(HttpError) as caught:
        inflate(gzip.compress(b" " * 10_000_000), 1000)
    assert caught.value.status == 413
    assert str(caught.value) == (
        "The unpacked body is larger than 1000 bytes. Send fewer photos in one request, or smaller ones."
    )
