from __future__ import annotations

import grpc
import pytest

from kuzov.errors import ErrorCode
from kuzov.serve.rpc.statuses import STATUS_CODES, details


def test_every_code_has_its_namesake() -> None:
    assert STATUS_CODES[ErrorCode.INVALID] is grpc.StatusCode.INVALID_ARGUMENT
    assert {code: status.name for code, status in STATUS_CODES.items()} == {
        code: code.value for code in ErrorCode
    }


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("x" * 1024, "x" * 1024),
        ("x" * 1025, "x" * 1024 + "...TRUNCATED"),
        ("ж" * 513, "ж" * 512 + "...TRUNCATED"),
        ("x" + "ж" * 512, "x" + "ж" * 511 + "...TRUNCATED"),
        ("\ud800", "?"),
    ],
    ids=["whole", "cut", "counted in bytes", "no half letters", "no surrogates"],
)
def test_details_are_cut_as_tensorflow_serving_does(message: str, shown: str) -> None:
    assert details(message) == shown
