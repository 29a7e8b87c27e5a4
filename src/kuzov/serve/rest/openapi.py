"""The REST port's description in OpenAPI 3.1, for clients and for what is made from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, TypeAlias

from kuzov.serve.limits import Limits
from kuzov.serve.rest.schemas import SCHEMAS

Node: TypeAlias = dict[str, Any]

PLACES: Mapping[str, str] = {
    "": "the newest version",
    "/versions/{version}": "a version",
    "/labels/{label}": "the version that has a label",
}
VERBS: Mapping[str, str] = {
    "predict": "Compute the outputs of a signature",
    "classify": "Give each example its classes",
    "regress": "Give each example a number",
}
# What any request may meet, on its way to the API.
_REFUSALS = (400, 408, 414, 431, 500)
_CALL_ERRORS = (*_REFUSALS, 404, 409, 413, 429, 501, 503, 504)


def openapi(models: Sequence[str], limits: Limits, *, needs_key: bool, metrics_path: str | None) -> Node:
    """The description of this server.

    Args:
        models: Names of its models; the first is the example.
        limits: Its limits.
        needs_key: Whether the API asks for a key.
        metrics_path: Where the metrics are found; None for nowhere.
    """
    paths: Node = {}
    for place, which in PLACES.items():
        model = f"/v1/models/{{model}}{place}"
        parameters = _parameters(place, models)
        paths[model] = {"parameters": parameters, "get": _status(place, which)}
        paths[f"{model}/metadata"] = {"parameters": parameters, "get": _metadata(place, which)}
        for verb, summary in VERBS.items():
            paths[f"{model}:{verb}"] = {
                "parameters": parameters,
                "post": _call(verb, place, f"{summary}, of {which}.", limits),
            }
    paths |= _own_paths(metrics_path)
    document: Node = {
        "openapi": "3.1.0",
        "info": {
            "title": "kuzov",
            "version": version("kuzov"),
            "description": "TensorFlow Serving's REST API, and health, state and documentation beside it.",
        },
        "tags": [
            {"name": "TensorFlow Serving", "description": "The API of tensorflow_model_server."},
            {"name": "kuzov", "description": "What TensorFlow Serving has not."},
        ],
        "paths": paths,
        "components": {"schemas": dict(SCHEMAS), "responses": {str(code): _error(code) for code in _ERRORS}},
    }
    return _with_keys(document) if needs_key else document


def _parameters(place: str, models: Sequence[str]) -> list[Node]:
    model = _path_parameter("model", "The model's name.", {"type": "string", "minLength": 1})
    if models:
        model["example"] = models[0]
    found = [model]
    if "{version}" in place:
        number = {"type": "integer", "format": "int64", "minimum": 0}
        found.append(_path_parameter("version", "The version's number.", number))
    if "{label}" in place:
        found.append(_path_parameter("label", "The version's label.", {"type": "string", "minLength": 1}))
    return found


def _path_parameter(name: str, description: str, schema: Node) -> Node:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def _call(verb: str, place: str, summary: str, limits: Limits) -> Node:
    request, answer = ("Predict", "Predictions") if verb == "predict" else ("Examples", verb.capitalize())
    content: Node = {"application/json": {"schema": _ref(request), "example": _EXAMPLES[verb]}}
    description = f"At most {limits.max_body_bytes} bytes, {limits.max_rows} rows; may be packed by gzip."
    if verb == "predict":
        photo = {"schema": {"type": "string", "format": "binary", "minLength": 1}}
        content |= {f"image/{kind}": photo for kind in ("jpeg", "png", "webp")}
        content["multipart/form-data"] = {
            "schema": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"type": "string", "format": "binary"},
            }
        }
        description += (
            " One photo as it is, or a form of several, is answered as rows, one for each (kuzov's)."
        )
    return {
        **_about(f"{verb}{_suffix(place)}", summary, "TensorFlow Serving"),
        "requestBody": {"required": True, "description": description, "content": content},
        "responses": _responses(_json_response("The answer.", _ref(answer)), _CALL_ERRORS),
    }


def _status(place: str, which: str) -> Node:
    return {
        **_about(f"status{_suffix(place)}", f"The state of {which}, or of all.", "TensorFlow Serving"),
        "responses": _responses(_json_response("The states.", _ref("ModelStatus")), (*_REFUSALS, 404)),
    }


def _metadata(place: str, which: str) -> Node:
    return {
        **_about(f"metadata{_suffix(place)}", f"The signatures of {which}.", "TensorFlow Serving"),
        "responses": _responses(_json_response("The metadata.", _ref("Metadata")), (*_REFUSALS, 404)),
    }


def _own_paths(metrics_path: str | None) -> Node:
    ready = _responses(_json_response("Every model can be asked.", _ref("Ready")), _REFUSALS)
    ready["503"] = _json_response("Not every model can be asked, or the server is stopping.", _ref("Ready"))
    alive = _json_response("The process answers.", _ref("Alive"))
    document = _json_response("This document.", {"type": "object"})
    paths = {
        "/healthz": _page("healthz", "Whether the server is alive.", _responses(alive, _REFUSALS), free=True),
        "/readyz": _page("readyz", "Whether every model can be asked.", ready, free=True),
        "/status": _page(
            "models",
            "The states of all models and their versions.",
            _responses(_json_response("The states by model.", _ref("Status")), _REFUSALS),
        ),
        "/openapi.json": _page("openapi", "This description.", _responses(document, _REFUSALS)),
        "/docs": _page(
            "docs", "Documentation for people.", _responses(_text("A page.", "text/html"), _REFUSALS)
        ),
    }
    if metrics_path is not None:
        metrics = _responses(_text("Prometheus's text format.", "text/plain"), _REFUSALS)
        paths[metrics_path] = _page("metrics", "The server's metrics.", metrics)
    return paths


def _page(name: str, summary: str, responses: Node, *, free: bool = False) -> Node:
    operation = {**_about(name, summary, "kuzov"), "responses": {**responses, "405": _error_ref(405)}}
    return {"get": {**operation, "security": []} if free else operation}


def _about(name: str, summary: str, tag: str) -> Node:
    return {"operationId": name, "summary": summary, "tags": [tag]}


def _suffix(place: str) -> str:
    return {"": "", "/versions/{version}": "Version", "/labels/{label}": "Label"}[place]


def _responses(ok: Node, errors: Sequence[int]) -> Node:
    return {"200": ok, **{str(code): _error_ref(code) for code in sorted(errors)}}


def _json_response(description: str, schema: Node) -> Node:
    return {
        "description": description,
        "headers": _REQUEST_ID,
        "content": {"application/json": {"schema": schema}},
    }


def _text(description: str, content_type: str) -> Node:
    content = {content_type: {"schema": {"type": "string"}}}
    return {"description": description, "headers": _REQUEST_ID, "content": content}


def _error_ref(code: int) -> Node:
    return {"$ref": f"#/components/responses/{code}"}


def _error(code: int) -> Node:
    content = {"application/json": {"schema": _ref("Error")}}
    return {"description": f"{HTTPStatus(code).phrase}: {_ERRORS[code]}", "content": content}


def _with_keys(document: Node) -> Node:
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    document["security"] = [{"bearer": []}, {"header": []}]
    for path in document["paths"].values():
        for method in ("get", "post"):
            if method in path and "security" not in path[method]:
                path[method]["responses"]["401"] = _error_ref(401)
    return document


def _ref(name: str) -> Node:
    return {"$ref": f"#/components/schemas/{name}"}


_REQUEST_ID: Node = {
    "X-Request-ID": {
        "description": "The request's own, if it has a fit one, or a new one.",
        "schema": {"type": "string"},
    }
}
_ERRORS: Mapping[int, str] = {
    400: "the request does not fit the model, or is not understood.",
    401: "the API key is missing or unknown.",
    404: "there is no such model, version or path.",
    405: "the path answers GET only.",
    408: "the request did not arrive in time.",
    409: "the state of the model does not allow it.",
    413: "the body is too large.",
    414: "the path is too long.",
    429: "the model has no more room.",
    431: "the headers are too large.",
    500: "the server failed; its log says why.",
    501: "the server does not do this.",
    503: "the server has too much work, or is stopping; Retry-After says when to try again.",
    504: "the answer was not ready in time.",
}
_EXAMPLES: Mapping[str, Node] = {
    "predict": {"instances": [{"b64": "/9j/4AAQSkZJRg=="}], "signature_name": "image_bytes"},
    "classify": {"examples": [{"x": 1.0}]},
    "regress": {"examples": [{"x": 1.0}]},
}
