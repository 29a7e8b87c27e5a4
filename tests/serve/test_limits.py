from __future__ import annotations

from kuzov.serve.limits import MEBIBYTE, Limits


def test_the_origins_request_fits_many_times() -> None:
    numbers = 256 * 256 * 3
    assert Limits().max_body_bytes >= 8 * numbers * len("0.4823529411764706,")
    assert Limits().max_body_bytes == 64 * MEBIBYTE
