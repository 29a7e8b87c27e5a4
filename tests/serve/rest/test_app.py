from __future__ import annotations

import gzip
import json
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from kuzov.serve import rest

Ask: TypeAlias = Callable[..., httpx.Response]

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_conformance(ask: Ask, case: dict[str, Any]) -> None:
    body = case["text"].encode() if "text" in case else json.dumps(case["json"]) if "json" in case else None
    response = ask(case.get("method", "POST"), case.get("path", "/v1/models/m:predict"), content=body)
    if "error" in case:
        assert json.loads(response.content) == {"error": case["error"]}
    elif "text_answer" in case:
        assert response.text == case["text_answer"]
    else:
        assert json.loads(response.content) == case["answer"]
    assert response.status_code == case.get("status", 200)
    assert response.headers["content-type"] == "application/json"


def test_metadata_has_the_form_of_tensorflow_serving(ask: Ask) -> None:
    answer = ask("GET", "/v1/models/m/versions/123/metadata").json()
    assert answer["model_spec"] == {"name": "m", "signature_name": "", "version": "123"}
    assert answer["metadata"].keys() == {"signature_def"}
    assert answer["metadata"]["signature_def"]["signature_def"]["serving_default"] == {
        "inputs": {
            "x": {
                "dtype": "DT_FLOAT",
                "tensor_shape": {
                    "dim": [{"size": "-1", "name": ""}, {"size": "1", "name": ""}],
                    "unknown_rank": False,
                },
                "name": "x:0",
            }
        },
        "outputs": {
            "y": {
                "dtype": "DT_FLOAT",
                "tensor_shape": {
                    "dim": [{"size": "-1", "name": ""}, {"size": "1", "name": ""}],
                    "unknown_rank": False,
                },
                "name": "y:0",
            }
        },
        "method_name": "tensorflow/serving/predict",
        "defaults": {},
    }


@pytest.mark.usefixtures("with_card")
def test_metadata_tells_the_card(ask: Ask) -> None:
    card = ask("GET", "/v1/models/m/metadata").json()["metadata"]["card"]
    assert card["classes"] == [{"id": "qashqai", "en": "Nissan Qashqai", "ru": "Ниссан Кашкай"}]
    assert card["unknown_threshold"] == 0.4


def test_a_gzip_body_is_unpacked(ask: Ask) -> None:
    body = gzip.compress(b'{"instances": [2]}')
    response = ask("POST", "/v1/models/m:predict", content=body, headers={"Content-Encoding": "gzip"})
    assert response.json() == {"predictions": [3.0]}


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b'{"instances": [2]}')[:-9]])
def test_a_broken_gzip_body_reads_as_empty(ask: Ask, body: bytes) -> None:
    response = ask("POST", "/v1/models/m:predict", content=body, headers={"Content-Encoding": "gzip"})
    assert response.status_code == 400
    assert response.json() == {"error": "JSON Parse error: The document is empty"}


def test_a_gzip_body_may_not_grow_without_limit(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "MAX_INFLATED_BYTES", 1000)
    body = gzip.compress(b" " * 1001)
    response = ask("POST", "/v1/models/m:predict", content=body, headers={"Content-Encoding": "gzip"})
    assert response.status_code == 413
    assert response.json() == {
        "error": "The unpacked body is larger than 1000 bytes. "
        "Send fewer photos in one request, or smaller ones."
    }


async def in_chunks(body: bytes) -> AsyncIterator[bytes]:
    yield body


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_is_refused(ask: Ask, monkeypatch: pytest.MonkeyPatch, *, chunked: bool) -> None:
    monkeypatch.setattr(rest, "MAX_BODY_BYTES", 1000)
    body = b" " * 1001
    response = ask("POST", "/v1/models/m:predict", content=in_chunks(body) if chunked else body)
    assert response.status_code == 413
    assert response.json() == {
        "error": "The request's body is larger than 1000 bytes. "
        "Send fewer photos in one request, or smaller ones."
    }


def test_an_unexpected_failure_is_logged_and_not_told(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        response = ask("POST", "/v1/models/m:predict", json={"signature_name": "broken", "inputs": 1})
    assert response.status_code == 500
    assert response.json() == {"error": "Internal error: the server failed to answer; its log says why."}
    assert "Failed to answer POST /v1/models/m:predict" in caplog.text
    assert "a secret" in caplog.text


@pytest.mark.parametrize("where", ["ignored", "inputs"])
def test_deep_nesting_is_refused_and_does_no_harm(ask: Ask, where: str) -> None:
    body = f'{{"{where}": {"[" * 100_000}{"]" * 100_000}}}'
    response = ask("POST", "/v1/models/m:predict", content=body)
    assert response.status_code == 400
    assert response.json() == {
        "error": "JSON Parse error: The document is nested too deeply for this server."
    }
    assert ask("GET", "/v1/models/m").status_code == 200


def test_a_tensor_has_a_highest_rank(ask: Ask) -> None:
    body = f'{{"inputs": {"[" * 33}{"]" * 33}}}'
    response = ask("POST", "/v1/models/m:predict", content=body)
    assert response.status_code == 400
    assert response.json() == {"error": "Lists are nested 33 deep, but a tensor has at most 32 dimensions."}


def test_bytes_that_are_not_utf8_reach_the_model(ask: Ask) -> None:
    body = b'{"signature_name": "photo", "inputs": "\xff\xd8"}'
    response = ask("POST", "/v1/models/m:predict", content=body)
    assert response.json() == {"outputs": {"b64": "/9g="}}
