from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest

from kuzov.bundle.card import read_card
from kuzov.bundle.layout import newest
from kuzov.bundle.ready import ready_model
from kuzov.bundle.saved_model import read_signatures
from kuzov.serve.limits import Limits
from kuzov.serve.rest.pages import docs_page, openapi
from kuzov.serve.rest.request import Request, find_route
from kuzov.serve.settings import RestSettings
from tests.serve.rest.port import PhotoEngine, Port


def test_ready(port: Port) -> None:
    response = port.ask("GET", "/readyz?verbose")
    assert (response.status_code, response.json()) == (200, {"ready": True})


@pytest.mark.parametrize(
    ("engines", "reason"),
    [
        ({"m": PhotoEngine(), "other": None}, 'No version of the model "other" is available.'),
        ({}, "There is no model to serve."),
    ],
)
def test_not_ready_without_models(port: Port, engines: dict[str, PhotoEngine | None], reason: str) -> None:
    port.engines = engines
    response = port.ask("GET", "/readyz")
    assert (response.status_code, response.json()) == (503, {"ready": False, "reason": reason})
    validate(response.json(), DOCUMENT["paths"]["/readyz"]["get"]["responses"]["503"])


def test_a_stopping_server_is_alive_but_not_ready(port: Port) -> None:
    port.admission.close()
    response = port.ask("GET", "/readyz")
    assert (response.status_code, response.json()["reason"]) == (503, "The server is stopping.")
    response = port.ask("GET", "/healthz")
    assert (response.status_code, response.json()) == (200, {"alive": True})


def test_status_lists_all_models(port: Port) -> None:
    port.engines = {"m": PhotoEngine(), "other": None}
    fine = {"error_code": "OK", "error_message": ""}
    broken = {"error_code": "DATA_LOSS", "error_message": "broken"}
    assert port.ask("GET", "/status").json()["models"] == {
        "m": [{"version": "1", "state": "AVAILABLE", "status": fine, "engine": "OpenVINO f32"}],
        "other": [{"version": "1", "state": "END", "status": broken, "engine": None}],
    }


@pytest.mark.parametrize("path", ["/healthz", "/status", "/docs", "/openapi.json"])
def test_a_page_is_only_read(port: Port, path: str) -> None:
    assert port.ask("HEAD", path).status_code == 200
    response = port.ask("POST", path)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"
    assert response.json() == {"error": f"{path} answers GET only, not POST."}


DOCUMENT = openapi(["m"], Limits(), "/metrics")
ONE: dict[str, Any] = {"examples": [{}]}
PREDICT = "/v1/models/{model}:predict"


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method in {"get", "post"} & item.keys():
            yield method, path, item[method]


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for each in node.values():
            yield from references(each)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


def followed(node: Any) -> Any:
    """What a reference leads to; anything else as it is."""
    if "$ref" not in node:
        return node
    found: Any = DOCUMENT
    for key in node["$ref"].removeprefix("#/").split("/"):
        found = found[key]
    return found


def test_the_routes_of_the_api_are_those_that_the_server_knows() -> None:
    routes = set()
    for method, path, _ in operations():
        if path.startswith("/v1/"):
            target = path.format(model="m", version=7, label="stable")
            route = find_route(Request(method=method.upper(), target=target, headers=[]))
            routes.add((route.verb, route.spec.version, route.spec.label))
    places = [(None, None), (7, None), (None, "stable")]
    verbs = ["predict", "classify", "regress", "status", "metadata"]
    assert routes == {(verb, *place) for verb in verbs for place in places}


def test_the_other_paths_are_those_that_the_server_answers(port: Port) -> None:
    port.rest = RestSettings(metrics_path="/metrics")
    own = [path for _, path, _ in operations() if not path.startswith("/v1/")]
    assert sorted(own) == ["/docs", "/healthz", "/metrics", "/openapi.json", "/readyz", "/status"]
    assert [port.ask("GET", path).status_code for path in own] == [200] * len(own)


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        assert followed({"$ref": reference})


def test_every_operation_has_a_name_and_the_parameters_of_its_path() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    for path, item in DOCUMENT["paths"].items():
        parameters = [followed(each)["name"] for each in item.get("parameters", [])]
        assert parameters == re.findall(r"\{(\w+)\}", path)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("get", "/v1/models/{model}", None, "200"),
        ("get", "/v1/models/{model}/labels/{label}", None, "200"),
        ("get", "/v1/models/{model}/versions/{version}", None, "200"),
        ("get", "/v1/models/{model}/metadata", None, "200"),
        ("post", PREDICT, {"instances": [1]}, "200"),
        ("post", PREDICT, {"inputs": [1]}, "200"),
        ("post", PREDICT, {"inputs": "a"}, "4XX"),
        ("post", "/v1/models/{model}:classify", {**ONE, "signature_name": "classify"}, "200"),
        ("post", "/v1/models/{model}:regress", {**ONE, "signature_name": "regress"}, "200"),
        ("get", "/status", None, "200"),
        ("get", "/healthz", None, "200"),
        ("get", "/readyz", None, "200"),
    ],
)
def test_requests_and_answers_are_as_described(
    port: Port, method: str, path: str, body: Any, status: str
) -> None:
    operation = DOCUMENT["paths"][path][method]
    if body is not None:
        validate(body, followed(operation["requestBody"]))
    response = port.ask(method.upper(), path.format(model="m", version=1, label="stable"), json=body)
    assert str(response.status_code)[0] == status[0]
    validate(response.json(), followed(operation["responses"][status]))


def validate(value: Any, described: Any) -> None:
    schema = described["content"]["application/json"]["schema"]
    jsonschema.validate(value, {**followed(schema), "components": DOCUMENT["components"]})


def test_what_varies_is_the_servers_own() -> None:
    other = openapi(["cars", "m"], Limits(max_rows=3), None)
    assert other["components"]["parameters"]["model"]["example"] == "cars"
    assert " 3 rows" in other["components"]["requestBodies"]["Predict"]["description"]
    assert other["paths"].keys() == DOCUMENT["paths"].keys() - {"/metrics"}
    assert "{max" not in json.dumps(other)


def test_every_route_is_told_to_people_in_both_languages() -> None:
    html = docs_page(["m"], Limits()).body.decode()
    for path in openapi([], Limits(), "/monitoring/prometheus/metrics")["paths"]:
        shown = re.sub(r"/(versions|labels)/\{\w+\}", "", path)
        assert html.count(f"<code>{shown}</code>") >= 2
    assert "at most 67 MB, 16384 rows and 30 seconds" in html
    assert "не больше 67 МБ, 16384 строк и 30 секунд" in html
    assert "--data-binary @car.jpg http://127.0.0.1:8501/v1/models/m:predict" in html


def test_commands_name_the_port_that_is_asked() -> None:
    html = docs_page(["m"], Limits(), 9001).body.decode()
    assert html.count("http://127.0.0.1:9001/") == 10
    assert ":8501" not in html


def test_one_whole_answer_is_shown_and_told_of_in_both_languages() -> None:
    version_dir = newest(ready_model())
    outputs = read_signatures(version_dir)["image_bytes"].outputs
    html = docs_page(["m"], Limits()).body.decode()
    english, russian = html.split('<main lang="ru">')
    for half in (english, russian):
        [shown] = re.findall(r'<code>(\{"predictions".*?)</code>', half, re.DOTALL)
        [prediction] = json.loads(shown)["predictions"]
        assert prediction.keys() == outputs.keys()
        assert len(prediction["probabilities"]) == len(read_card(version_dir).classes)
        assert sum(prediction["probabilities"]) == pytest.approx(1, abs=1e-3)
        assert all(f"<code>{name}</code>" in half for name in prediction)


@pytest.mark.parametrize("name", ["<script>", 'a"b', "a/b"])
def test_a_name_can_not_break_the_page(name: str) -> None:
    html = docs_page([name], Limits()).body.decode()
    assert html.count(f"/v1/models/{quote(name, safe='')}:predict") == 8
    assert f"/{name}:" not in html


def test_nothing_is_loaded_from_elsewhere() -> None:
    page = docs_page(["m"], Limits())
    assert not re.search(r'<[^>]+\b(src|href)\s*=(?!"data:)|@import|url\(', page.body.decode())
    assert "unsafe" not in dict(page.headers)["content-security-policy"]
