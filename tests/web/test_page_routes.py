from __future__ import annotations

import io
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from kuzov.errors import ErrorCode, RequestError
from kuzov.report.markup import whole_page
from kuzov.serve.api_keys import ApiKeys
from kuzov.serve.limits import Limits
from kuzov.web.page_routes import Web
from kuzov.web.pictures import shown_photo
from kuzov.words import Words
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


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", None, "en"),
        ("", "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("", "de-DE,de;q=0.9,ru;q=0.8,en;q=0.7", "ru"),
        ("", "fr", "en"),
        ("?language=en", "ru-RU,ru;q=0.9", "en"),
        ("?language=ru", "en-GB", "ru"),
        ("?language=tlh", "ru", "ru"),
    ],
)
def test_a_report_opens_in_the_language_that_is_asked_for(
    port: Port, tmp_path: Path, query: str, header: str | None, language: str
) -> None:
    port.extensions = [Web(service_of(None, tmp_path), teaching=False, limits=Limits())]
    (tmp_path / "assets.extra").mkdir()
    page = whole_page(Words("Report", "Отчёт"), "7", (), ())
    (tmp_path / "assets.extra" / "report.html").write_text(page, encoding="utf-8")
    headers = {} if header is None else {"accept-language": header}
    answer = port.ask("GET", f"/web/report/cars/7{query}", headers=headers)
    assert re.findall(r'id="(..)" checked>', answer.text) == [language]
    assert "<script" not in answer.text


def test_a_photo_is_given_as_a_browser_can_show_it() -> None:
    photo = io.BytesIO()
    Image.new("RGB", (1600, 40), "red").save(photo, "BMP")
    answer = shown_photo(photo.getvalue(), max_pixels=100_000)
    with Image.open(io.BytesIO(answer.body)) as image:
        assert (image.format, image.width) == ("JPEG", 1024)
    with pytest.raises(RequestError) as refused:
        shown_photo(b"no photo", max_pixels=100_000)
    assert (refused.value.code, refused.value.reason) == (ErrorCode.INVALID, "no_image")


@pytest.mark.parametrize("number", [1, 5])
def test_a_drawn_car_is_given_the_same_each_time_and_without_a_key(port: Port, number: int) -> None:
    answers = [port.ask("GET", f"/web/sample/{number}") for _ in range(2)]
    assert answers[0].headers["content-type"] == "image/jpeg"
    assert answers[0].content == answers[1].content
    with Image.open(io.BytesIO(answers[0].content)) as image:
        assert image.size == (640, 440)


@pytest.mark.parametrize("number", [0, 6])
def test_there_are_so_many_drawn_cars(port: Port, number: int) -> None:
    answer = port.ask("GET", f"/web/sample/{number}")
    assert answer.status_code == 404
    assert answer.json() == {"error": f"There is no drawn car {number}; there are 1 to 5."}


def test_a_photo_over_the_limit_is_refused(port: Port) -> None:
    answer = port.ask("POST", "/web/saliency/m", content=bytes(101))
    assert answer.status_code == 413


def test_only_the_page_itself_and_its_pictures_need_no_key(port: Port, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(KEY, encoding="utf-8")
    file.chmod(0o600)
    port.keys = ApiKeys.read(file)
    for path in ("/", "/web/sample/1"):
        assert port.ask("GET", path).status_code == 200
    for path in ("/web/models", "/web/report/m/1", "/web/nothing"):
        assert port.ask("GET", path).status_code == 401
    assert port.ask("POST", "/web/saliency/m", content=b"photo").status_code == 401
    assert port.ask("GET", "/web/models", headers={"X-API-Key": KEY}).status_code == 200
