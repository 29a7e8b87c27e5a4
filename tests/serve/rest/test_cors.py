from __future__ import annotations

import pytest

from kuzov.serve.settings import RestSettings
from tests.serve.rest.port import Port

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
