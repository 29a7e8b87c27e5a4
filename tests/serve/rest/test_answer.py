from __future__ import annotations

import zlib

import pytest

from kuzov.errors import ErrorCode, OverloadedError, RequestError
from kuzov.serve.rest.answer import STATUSES, Answer, HttpError, accepts_gzip, error_answer, gzip
from kuzov.serve.settings import RestSettings
from tests.serve.rest.port import Port


def test_every_code_has_a_status() -> None:
    assert STATUSES.keys() == set(ErrorCode)


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (RequestError(ErrorCode.NOT_FOUND, "Why."), 404, ()),
        (RequestError(ErrorCode.INVALID, "Why.", "no_image"), 400, (("kuzov-reason", "no_image"),)),
        (RequestError(ErrorCode.RESOURCE_EXHAUSTED, "Why."), 429, ()),
        (RequestError(ErrorCode.UNAUTHENTICATED, "Why."), 401, (("www-authenticate", "Bearer"),)),
        (OverloadedError("Why."), 503, (("retry-after", "1"),)),
        (HttpError(ErrorCode.INVALID, 405, "Why.", (("allow", "GET"),)), 405, (("allow", "GET"),)),
        (
            HttpError(ErrorCode.ABORTED, 409, "Why.", (("x", "y"),), "training"),
            409,
            (("x", "y"), ("kuzov-reason", "training")),
        ),
    ],
)
def test_an_error_becomes_an_answer(
    error: RequestError, status: int, headers: tuple[tuple[str, str], ...]
) -> None:
    assert error_answer(error) == Answer(status=status, body=b'{"error": "Why."}', headers=headers)


HEADERS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, GET",
    "access-control-allow-headers": "Content-Type",
}


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("PUT", 400), ("OPTIONS", 200)])
@pytest.mark.parametrize("cors", [True, False])
def test_the_flag_adds_the_headers_to_every_answer(
    port: Port, method: str, status: int, *, cors: bool
) -> None:
    port.rest = RestSettings(cors=cors)
    response = port.ask(method, "/v1/models/m", headers={"Origin": "http://site"})
    assert response.status_code == status
    assert {name: response.headers.get(name) for name in HEADERS} == (
        HEADERS if cors else dict.fromkeys(HEADERS)
    )


@pytest.mark.parametrize("origin", ["http://site", "https://site:8080"])
def test_a_preflight_is_answered_with_nothing(port: Port, origin: str) -> None:
    response = port.ask("OPTIONS", "/v1/models/m:predict", headers={"Origin": origin})
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("headers", [{}, {"Origin": "null"}])
def test_a_preflight_says_who_asks(port: Port, headers: dict[str, str]) -> None:
    response = port.ask("OPTIONS", "/v1/models/m:predict", headers=headers)
    assert response.status_code == 400
    assert response.json() == {"error": "Malformed request: OPTIONS /v1/models/m:predict"}


GZIP = ("gzip", "GZIP", "deflate, gzip", "gzip;q=0.5", "br;q=1.0, gzip ; q=0.8, *;q=0", "*", "x-gzip")
NO_GZIP = (None, "", "identity", "br", "gzip;q=0", "gzip;q=0.0, *", "*;q=0", "gzip;q=many", ",;")


@pytest.mark.parametrize("header", [*GZIP, *NO_GZIP, "identity, gzip;q=0.5"])
def test_gzip_may_be_asked_for(header: str | None) -> None:
    assert accepts_gzip(header) == (header in GZIP)


def test_the_same_body_gives_the_same_bytes() -> None:
    packed = gzip(b"1.0, " * 1000)
    assert packed == gzip(b"1.0, " * 1000)
    assert zlib.decompress(packed, wbits=31) == b"1.0, " * 1000
