from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kuzov.serve.api_keys import ApiKeys
from kuzov.serve.limits import Limits
from kuzov.web.page_routes import Web
from tests.serve.rest.port import Port
from tests.web.port import service_of

KEY = "k" * 16
NO_REPORT = 'Version 1 of the model "m" has no report. kuzov train puts one into its bundle.'
NOT_OURS = 'The model "m" was not made by kuzov: where it looks can\'t be told.'


@pytest.fixture
def port() -> Iterator[Port]:
    with ThreadPoolExecutor(1) as pool:
        port = Port(pool=pool)
        web = Web(port.service, teaching=False, limits=Limits(max_body_bytes=100))
        port.extensions = [web]
        yield port
        web.close()


def test_the_models(port: Port) -> None:
    told = port.ask("GET", "/web/models").json()
    assert [each["name"] for each in told["models"]] == ["m"]
    assert told["limits"]["max_body_bytes"] == 100


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("POST", "/", 405, "/ answers GET only, not POST."),
        ("POST", "/web/models", 405, "/web/models answers GET only, not POST."),
        ("GET", "/web/saliency/m", 405, "/web/saliency/m answers POST only, not GET."),
        ("GET", "/web/nothing", 404, "There is nothing at /web/nothing on this server."),
        ("GET", "/web/report/m/last", 404, "There is nothing at /web/report/m/last on this server."),
        ("GET", "/web/report/m%20n/1", 404, "Servable not found for request: Specific(m n, 1)"),
        ("GET", "/web/report/m/1", 404, NO_REPORT),
        ("POST", "/web/saliency/m/1", 400, NOT_OURS),
        ("GET", "/web", 404, "There is nothing at /web; the API's paths begin with /v1/models/."),
    ],
)  # fmt: skip
def test_what_is_refused(port: Port, method: str, path: str, status: int, error: str) -> None:
    answer = port.ask(method, path)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_a_report_can_show_and_do_nothing_else(port: Port, tmp_path: Path) -> None:
    port.extensions = [Web(service_of(None, tmp_path), teaching=False, limits=Limits())]
    assert port.ask("GET", "/web/report/cars/7").status_code == 404
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "report.html").write_text("<p>Отчёт", encoding="utf-8")
    answer = port.ask("GET", "/web/report/cars/7")
    assert (answer.text, answer.headers["content-type"]) == ("<p>Отчёт", "text/html; charset=utf-8")
    policy = answer.headers["content-security-policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


def test_a_photo_over_the_limit_is_refused(port: Port) -> None:
    answer = port.ask("POST", "/web/saliency/m", content=bytes(101))
    assert answer.status_code == 413


def test_only_the_page_itself_needs_no_key(port: Port, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(KEY, encoding="utf-8")
    file.chmod(0o600)
    port.keys = ApiKeys.read(file)
    assert port.ask("GET", "/").status_code == 200
    for path in ("/web/models", "/web/report/m/1", "/web/nothing"):
        assert port.ask("GET", path).status_code == 401
    assert port.ask("POST", "/web/saliency/m", content=b"photo").status_code == 401
    assert port.ask("GET", "/web/models", headers={"X-API-Key": KEY}).status_code == 200
