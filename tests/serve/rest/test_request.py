from __future__ import annotations

import pytest

from kuzov.serve.rest.request import Request, version_number


@pytest.mark.parametrize(
    ("path", "query", "target"),
    [(b"/v1/models/a%2Fb", b"", "/v1/models/a%2Fb"), (b"/docs", b"a=1", "/docs?a=1")],
)
def test_the_target_is_what_the_request_line_says(path: bytes, query: bytes, target: str) -> None:
    scope = {"method": "GET", "raw_path": path, "query_string": query, "headers": []}
    assert Request.of(scope).target == target


def test_the_path_is_without_the_query() -> None:
    assert Request(method="GET", target="/docs?a=1?b", headers=[]).path == "/docs"


def test_headers_of_one_name_are_joined() -> None:
    headers = [(b"accept", b"a"), (b"x", b"y"), (b"accept", b"b")]
    request = Request(method="GET", target="/", headers=headers)
    assert request.header(b"accept") == "a, b"
    assert request.header(b"missing") is None


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("7", 7),
        ("007", 7),
        ("0", 0),
        ("0" * 5000 + "7", 7),
        ("0" * 5000, 0),
        (str(2**63 - 1), 2**63 - 1),
        (str(2**63), None),
        ("9" * 5000, None),
        ("", None),
        ("-1", None),
        ("²", None),
    ],
)
def test_the_number_of_a_version(text: str, version: int | None) -> None:
    assert version_number(text) == version
