from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kuzov.serve.limits import Limits
from kuzov.serve.rest.openapi import openapi
from kuzov.serve.rest.path import read_path

METHODS = {"get", "post"}


def description(*models: str, needs_key: bool = False, metrics_path: str | None = None) -> dict[str, Any]:
    return openapi(models, Limits(), needs_key=needs_key, metrics_path=metrics_path)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
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


def test_every_route_of_the_api_is_one_that_the_server_knows() -> None:
    routes = set()
    for method, path, _ in operations(description("m")):
        if path.startswith("/v1/"):
            target = path.format(model="m", version=7, label="stable")
            route = read_path(method.upper(), target)
            routes.add((route.verb, route.spec.version, route.spec.label))
    places = [(None, None), (7, None), (None, "stable")]
    verbs = ["predict", "classify", "regress", "status", "metadata"]
    assert routes == {(verb, *place) for verb in verbs for place in places}


def test_every_reference_leads_somewhere() -> None:
    document = description("m", needs_key=True, metrics_path="/metrics")
    for reference in references(document):
        node: Any = document
        for key in reference.removeprefix("#/").split("/"):
            node = node[key]


def test_every_operation_has_a_name_of_its_own_and_its_errors() -> None:
    found = list(operations(description("m", metrics_path="/metrics")))
    assert len({operation["operationId"] for _, _, operation in found}) == len(found)
    for method, path, operation in found:
        assert {"200", "400", "408", "500"} <= operation["responses"].keys(), path
        assert (method == "post") == ("413" in operation["responses"])


def test_parameters_are_those_of_the_path() -> None:
    for path, item in description("m")["paths"].items():
        names = [parameter["name"] for parameter in item.get("parameters", [])]
        assert all(f"{{{name}}}" in path for name in names)
        assert len(names) == path.count("{")


def test_the_first_model_is_the_example() -> None:
    parameter = description("cars", "m")["paths"]["/v1/models/{model}"]["parameters"][0]
    assert parameter["example"] == "cars"
    assert "example" not in description()["paths"]["/v1/models/{model}"]["parameters"][0]


def test_predict_takes_photos() -> None:
    post = description("m")["paths"]["/v1/models/{model}:predict"]["post"]
    assert post["requestBody"]["content"].keys() == {
        "application/json",
        "image/jpeg",
        "image/png",
        "image/webp",
        "multipart/form-data",
    }


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_what_watches_the_server_needs_no_key(path: str) -> None:
    get = description("m", needs_key=True)["paths"][path]["get"]
    assert get["security"] == []
    assert "401" not in get["responses"]


def test_keys_are_told_of_where_they_are_needed() -> None:
    guarded, free = description("m", needs_key=True), description("m")
    assert guarded["security"] == [{"bearer": []}, {"header": []}]
    assert "401" in guarded["paths"]["/status"]["get"]["responses"]
    assert "security" not in free
    assert "401" not in free["paths"]["/status"]["get"]["responses"]


def test_metrics_are_told_of_where_they_are() -> None:
    assert "/metrics" in description(metrics_path="/metrics")["paths"]
    assert "/metrics" not in description()["paths"]
