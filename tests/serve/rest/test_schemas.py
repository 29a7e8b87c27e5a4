from __future__ import annotations

from typing import Any

import pytest

from kuzov.serve.rest.schemas import SCHEMAS
from tests.serve.rest.port import Port

ONE: dict[str, Any] = {"examples": [{}]}


@pytest.mark.parametrize(
    ("schema", "method", "path", "body"),
    [
        ("Error", "GET", "/v1/models", None),
        ("Classify", "POST", "/v1/models/m:classify", {**ONE, "signature_name": "classify"}),
        ("Regress", "POST", "/v1/models/m:regress", {**ONE, "signature_name": "regress"}),
        ("ModelStatus", "GET", "/v1/models/m", None),
        ("Metadata", "GET", "/v1/models/m/metadata", None),
        ("Status", "GET", "/status", None),
        ("Alive", "GET", "/healthz", None),
        ("Ready", "GET", "/readyz", None),
    ],
)
def test_an_answer_has_what_its_schema_requires(
    port: Port, schema: str, method: str, path: str, body: Any
) -> None:
    answer = port.ask(method, path, json=body).json()
    assert answer.keys() == set(SCHEMAS[schema]["required"])


@pytest.mark.parametrize(("given", "told"), [("instances", "predictions"), ("inputs", "outputs")])
def test_predict_has_two_forms(port: Port, given: str, told: str) -> None:
    answer = port.ask("POST", "/v1/models/m:predict", json={given: [1]}).json()
    assert {"required": [given]} in SCHEMAS["Predict"]["oneOf"]
    assert {"required": list(answer)} in SCHEMAS["Predictions"]["oneOf"]
    assert list(answer) == [told]
