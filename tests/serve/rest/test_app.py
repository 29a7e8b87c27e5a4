from __future__ import annotations

import asyncio
import gzip
import logging
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from kuzov.errors import ErrorCode
from kuzov.serve.api_keys import ApiKeys
from kuzov.serve.limits import Admission, Limits
from kuzov.serve.rest.app import CUT_OFF
from kuzov.serve.settings import RestSettings
from tests.serve.conftest import a_card
from tests.serve.rest.port import Port, error

PREDICT = "/v1/models/m:predict"
A_PART = {"type": "http.request", "body": b"{", "more_body": True}
WHOLE_BODY = {"type": "http.request", "body": b'{"inputs": [1]}', "more_body": False}
Ask: TypeAlias = Callable[..., httpx.Response]


def never_ends() -> tuple[list[str], Callable[..., Coroutine[Any, Any, dict[str, Any]]]]:
    """A computation that waits until it is cancelled, and what has become of it."""
    ends: list[str] = []

    async def compute(*_: object) -> dict[str, Any]:
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("cancelled")
        return {}

    return ends, compute


def test_metadata_has_the_form_of_tensorflow_serving(ask: Ask) -> None:
    answer = ask("GET", "/v1/models/m/versions/123/metadata").json()
    assert answer["model_spec"] == {"name": "m", "signature_name": "", "version": "123"}
    assert answer["metadata"].keys() == {"signature_def"}
    shape = {"dim": [{"size": "-1", "name": ""}, {"size": "1", "name": ""}], "unknown_rank": False}
    assert answer["metadata"]["signature_def"]["signature_def"]["serving_default"] == {
        "inputs": {"x": {"dtype": "DT_FLOAT", "tensor_shape": shape, "name": "x:0"}},
        "outputs": {"y": {"dtype": "DT_FLOAT", "tensor_shape": shape, "name": "y:0"}},
        "method_name": "tensorflow/serving/predict",
        "defaults": {},
    }


@pytest.mark.parametrize("card", [a_card()])
def test_metadata_tells_the_card(ask: Ask) -> None:
    card = ask("GET", "/v1/models/m/metadata").json()["metadata"]["card"]
    assert card["classes"] == [{"id": "qashqai", "en": "Nissan Qashqai", "ru": "Ниссан Кашкай"}]
    assert card["unknown_threshold"] == 0.4


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b'{"instances": [2]}', mtime=0)[:-9]])
def test_a_broken_gzip_body_is_told(ask: Ask, body: bytes) -> None:
    response = ask("POST", PREDICT, content=body, headers={"Content-Encoding": "gzip"})
    assert response.status_code == 400
    assert response.json()["error"].startswith("The request's body is not gzip, ")


def test_an_empty_gzip_body_is_empty(ask: Ask) -> None:
    response = ask("POST", PREDICT, content=b"", headers={"Content-Encoding": "gzip"})
    assert response.json() == {"error": "JSON Parse error: The document is empty"}


def test_an_unexpected_failure_is_logged_and_not_told(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        response = ask("POST", "/v1/models/m:predict", json={"signature_name": "broken", "inputs": 1})
    assert response.status_code == 500
    assert response.json() == {"error": "Internal error: the server failed to answer; its log says why."}
    assert "Failed to answer POST /v1/models/m:predict" in caplog.text
    assert "a secret" in caplog.text


def test_bytes_that_are_not_utf8_reach_the_model(ask: Ask) -> None:
    body = b'{"signature_name": "photo", "inputs": "\xff\xd8"}'
    response = ask("POST", "/v1/models/m:predict", content=body)
    assert response.json() == {"outputs": {"b64": "/9g="}}


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_is_refused(port: Port, *, chunked: bool) -> None:
    async def in_chunks() -> AsyncIterator[bytes]:
        yield b" " * 1001

    port.limits = Limits(max_body_bytes=1000)
    response = port.ask("POST", PREDICT, content=in_chunks() if chunked else b" " * 1001)
    assert response.status_code == 413
    assert response.json() == {
        "error": "The request's body is larger than 1000 bytes. "
        "Send fewer photos in one request, or smaller ones."
    }


def test_a_declared_length_over_the_limit_is_refused_before_the_body_is_read(port: Port) -> None:
    port.limits = Limits(max_body_bytes=1000)
    start, body = port.ask_slowly([], [(b"content-length", b"1001"), (b"expect", b"100-continue")])
    assert start["status"] == 413
    # Without the 100 the client may keep the body, or send it: only a new connection is unmistakable.
    assert (b"connection", b"close") in start["headers"]
    assert b"larger than 1000 bytes" in body["body"]


def test_a_full_server_refuses_before_the_body_is_read(port: Port) -> None:
    port.admission = Admission(0)
    sent = port.ask_slowly([])
    assert error(sent) == (503, "The server has 0 requests under way already. Try again in a second.")
    assert dict(sent[0]["headers"])[b"retry-after"] == b"1"
    assert port.ask("GET", "/v1/models/m").status_code == 200
    assert [record.status for record in port.records] == [ErrorCode.RESOURCE_EXHAUSTED, None]


def test_a_stopping_server_takes_no_calls(port: Port) -> None:
    port.admission.close()
    response = port.ask("POST", PREDICT, json={"inputs": [1]})
    assert response.status_code == 503
    assert response.json() == {"error": "The server is stopping. Send the request again."}


def test_a_place_is_free_again_after_the_answer(port: Port) -> None:
    port.admission = Admission(1)
    for _ in range(2):
        assert port.ask("POST", PREDICT, json={"inputs": [1]}).json() == {"outputs": [2.5]}
    assert port.admission.under_way == 0


def test_a_slow_body_times_out(port: Port) -> None:
    port.limits = Limits(request_timeout_s=0.01)
    sent = port.ask_slowly([A_PART])
    assert error(sent) == (408, "The request's body did not arrive within 0.01 seconds. Send it again.")
    assert dict(sent[0]["headers"])[b"connection"] == b"close"
    assert port.records[0].status is ErrorCode.DEADLINE_EXCEEDED


def test_a_slow_answer_times_out(port: Port) -> None:
    port.limits = Limits(request_timeout_s=0.01)
    stopped, port.compute = never_ends()
    text = "The answer was not ready within 0.01 seconds. Send fewer rows in one request."
    assert error(port.ask_slowly([WHOLE_BODY])) == (504, text)
    assert stopped == ["cancelled"]


def test_a_body_on_its_way_holds_no_place(port: Port) -> None:
    port.limits = Limits(request_timeout_s=0.05)
    under_way: list[int] = []

    def look() -> Iterator[Mapping[str, Any]]:
        under_way.append(port.admission.under_way)
        yield A_PART

    assert error(port.ask_slowly(look()))[0] == 408
    assert under_way == [0]


def test_who_is_cut_off_by_the_end_of_the_server_is_told_so(port: Port) -> None:
    stopped, compute = never_ends()

    async def compute_until_the_end(*arguments: object) -> dict[str, Any]:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_soon(task.cancel)
        return await compute(*arguments)

    port.compute = compute_until_the_end
    assert error(port.ask_slowly([WHOLE_BODY])) == (503, CUT_OFF)
    assert stopped == ["cancelled"]
    assert port.records[0].status is ErrorCode.UNAVAILABLE


def test_the_work_for_a_client_that_left_is_given_up(port: Port) -> None:
    stopped, port.compute = never_ends()
    assert port.ask_slowly([WHOLE_BODY, {"type": "http.disconnect"}]) == []
    assert stopped == ["cancelled"]
    assert port.admission.under_way == 0
    [record] = port.records
    assert (record.status, record.http_status) == (ErrorCode.CANCELLED, 499)


def test_a_client_that_left_amid_its_body_gets_no_answer(port: Port) -> None:
    assert port.ask_slowly([A_PART, {"type": "http.disconnect"}]) == []
    assert port.records[0].http_status == 499


def test_another_timeout_is_not_taken_for_the_time_limit(port: Port) -> None:
    async def fail(*_: object) -> dict[str, Any]:
        raise TimeoutError("a disk")

    port.compute = fail
    assert port.ask("POST", PREDICT, json={"inputs": [1]}).status_code == 500
    assert port.records[0].status is ErrorCode.INTERNAL


KEY = "0123456789abcdef"
HOW = "Send one in the header Authorization: Bearer KEY, or X-API-Key: KEY."


@pytest.fixture
def guarded(port: Port, tmp_path: Path) -> Port:
    file = tmp_path / "keys"
    file.write_text(KEY)
    file.chmod(0o600)
    port.keys = ApiKeys.read(file)
    return port


@pytest.mark.parametrize("headers", [{"Authorization": f"bearer {KEY}"}, {"X-API-Key": KEY}])
@pytest.mark.parametrize("path", ["/v1/models/m", "/status", "/docs"])
def test_a_key_lets_in(guarded: Port, path: str, headers: dict[str, str]) -> None:
    assert guarded.ask("GET", path, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/v1/models/m", "/status", "/docs", "/openapi.json", "/nothing"])
@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, f"This server needs an API key. {HOW}"),
        ({"Authorization": f"Basic {KEY}"}, f"This server needs an API key. {HOW}"),
        ({"X-API-Key": "wrong"}, f"The server does not know this API key. {HOW}"),
    ],
)
def test_without_a_key_nothing_is_told(guarded: Port, path: str, headers: dict[str, str], error: str) -> None:
    response = guarded.ask("GET", path, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json() == {"error": error}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_what_watches_the_server_needs_no_key(guarded: Port, path: str) -> None:
    assert guarded.ask("GET", path).status_code == 200


def test_a_preflight_needs_no_key(guarded: Port) -> None:
    guarded.rest = RestSettings(cors=True)
    response = guarded.ask("OPTIONS", PREDICT, headers={"Origin": "https://site"})
    assert response.status_code == 200
    assert response.headers["access-control-allow-headers"] == "Content-Type, Authorization, X-API-Key"


def test_head_is_malformed_too(port: Port) -> None:
    assert port.ask("HEAD", "/v1/models/m").status_code == 400


@pytest.mark.parametrize("path", ["/v2/models", "/v1"])
def test_what_is_nowhere_is_not_found(port: Port, path: str) -> None:
    response = port.ask("GET", path)
    assert response.status_code == 404
    assert response.json() == {
        "error": f"There is nothing at {path}; the API's paths begin with /v1/models/."
    }


def test_a_request_keeps_its_id_or_gets_one(port: Port) -> None:
    response = port.ask("GET", "/v1/models/m", headers={"X-Request-ID": "order-7"})
    assert response.headers["x-request-id"] == port.records[0].request_id == "order-7"
    response = port.ask("GET", "/v1/models/m", headers={"X-Request-ID": "two words"})
    assert re.fullmatch("[0-9a-f]{32}", response.headers["x-request-id"])


def test_only_a_large_answer_is_packed_for_those_who_ask(port: Port) -> None:
    many = {"inputs": [1.0] * 1000}
    packed = port.ask("POST", PREDICT, json=many, headers={"Accept-Encoding": "gzip"})
    plain = port.ask("POST", PREDICT, json=many, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert "content-encoding" not in plain.headers
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert packed.json() == plain.json() == {"outputs": [2.5] * 1000}
    small = port.ask("POST", PREDICT, json={"inputs": 1.0}, headers={"Accept-Encoding": "gzip"})
    assert not {"content-encoding", "vary"} & small.headers.keys()


def test_every_request_is_recorded(port: Port) -> None:
    body = b'{"instances": [1.0, 2.0]}'
    answer = port.ask("POST", PREDICT, content=body)
    port.ask("GET", "/v1/models/m")
    port.ask("GET", "/healthz")
    call, status, health = port.records
    assert (call.protocol, call.method, call.path, call.api) == ("REST", "POST", PREDICT, "predict")
    assert (call.model, call.version, call.signature, call.rows) == ("m", 1, "serving_default", 2)
    assert (call.status, call.http_status) == (None, 200)
    assert (call.bytes_in, call.bytes_out) == (len(body), len(answer.content))
    assert (status.api, status.model) == ("", "m")
    assert health.api is None


def test_metrics_are_found_only_where_they_are_wanted(port: Port) -> None:
    assert port.ask("GET", "/monitoring/prometheus/metrics").status_code == 404
    port.rest = RestSettings(metrics_path="/monitoring/prometheus/metrics")
    response = port.ask("GET", "/monitoring/prometheus/metrics")
    assert response.headers["content-type"] == "text/plain"
    assert "# TYPE :tensorflow:serving:request_count counter\n" in response.text
