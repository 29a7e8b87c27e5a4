"""What TensorFlow Serving's tests ask of the REST port: http_rest_api_handler_test.cc, g3doc/api_rest.md."""

from __future__ import annotations

import gzip
import json
import socket
from typing import Any

import pytest
import requests

from tests.tf_serving.client import TIMEOUT_S, Server


@pytest.mark.parametrize(
    ("path", "body", "answer"),
    [
        ("half_plus_two:predict", {"instances": [2.0, 3.0, 4.0]}, {"predictions": [3.0, 3.5, 4.0]}),
        ("half_plus_two:predict", {"inputs": [2.0, 3.0, 4.0]}, {"outputs": [3.0, 3.5, 4.0]}),
        (
            "half_plus_two:predict",
            {"instances": [[1.0, 2.0], [3.0, 4.0]]},
            {"predictions": [[2.5, 3.0], [3.5, 4.0]]},
        ),
        (
            "half_plus_two/versions/123:predict",
            {"signature_name": "serving_default", "instances": [{"x": [1.0]}, {"x": [5.0]}]},
            {"predictions": [[2.5], [4.5]]},
        ),
        ("half_plus_three:predict", {"inputs": {"x": [[2.0]]}}, {"outputs": [[4.0]]}),
        (
            "half_plus_two:classify",
            {"signature_name": "classify_x_to_y", "examples": [{"x": 20.0}]},
            {"results": [[["", 12.0]]]},
        ),
        (
            "half_plus_two:regress",
            {"signature_name": "regress_x_to_y", "examples": [{"x": 80.0}]},
            {"results": [42.0]},
        ),
        (
            "half_plus_two:regress",
            {"signature_name": "regress_x_to_y", "context": {"x": 4.0}, "examples": [{}, {"x": 2.0}]},
            {"results": [4.0, 3.0]},
        ),
        (
            "half_plus_three:regress",
            {"signature_name": "tensorflow/serving/regress", "examples": [{"x": 1.0}, {"x": 2.0}]},
            {"results": [3.5, 4.0]},
        ),
    ],
)
def test_rest(server: Server, path: str, body: Any, answer: Any) -> None:
    response = server.post(path, body)
    assert (response.status_code, response.json()) == (200, answer)
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        ("half_plus_two:predict", {"instances": ["x", "y"]}, 400, "not of expected type: float"),
        (
            "half_plus_two:regress",
            {"signature_name": "regress_x_to_y", "examples": [{"x": 2}]},
            400,
            "Data types",
        ),
        ("half_plus_two:regress", {"signature_name": "regress_x_to_y", "examples": [{}]}, 400, "[[{{node "),
        ("half_plus_two:classify", {"examples": [{"x": 2.0}]}, 400, "No classification inputs found"),
        (
            "two_versions/labels/old:predict",
            {"instances": [1]},
            400,
            "Unrecognized servable version label: old",
        ),
        ("half_plus_two99:predict", {"instances": [1]}, 404, "Servable not found for request: Latest("),
        ("two_versions/versions/5:predict", {"instances": [1]}, 404, "Specific(two_versions, 5)"),
    ],
)
def test_rest_is_refused(server: Server, path: str, body: Any, status: int, text: str) -> None:
    response = server.post(path, body)
    [(key, error)] = response.json().items()
    assert (response.status_code, key, text in error) == (status, "error", True)


def test_a_form_may_be_its_type(server: Server) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert server.post("half_plus_two:predict", {"instances": [2]}, headers=headers).status_code == 200


def test_a_body_in_gzip(server: Server) -> None:
    packed = gzip.compress(b'{"instances": [2.0]}')
    response = server.post("half_plus_two:predict", packed, headers={"Content-Encoding": "gzip"})
    assert response.json() == {"predictions": [3.0]}


def test_a_body_in_chunks(server: Server) -> None:
    chunks = iter([b'{"instan', b'ces": [2.0]}'])
    response = requests.post(f"{server.rest}/v1/models/half_plus_two:predict", chunks, timeout=TIMEOUT_S)
    assert response.json() == {"predictions": [3.0]}


def test_a_connection_is_kept_after_errors(server: Server) -> None:
    body = b'{"instances": [2.0]}'
    head = b"POST /v1/models/half_plus_two:predict HTTP/1.1\r\nHost: kuzov\r\nContent-Length: %d\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT_S) as connection:
        answers = connection.makefile("rb")

        def answer() -> tuple[bytes, Any]:
            status = answers.readline().split()[1]
            length = 0
            while (line := answers.readline()) != b"\r\n":
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            return status, json.loads(answers.read(length)) if length else None

        connection.sendall((head + b"\r\n") % 3 + b"bad")
        assert answer()[0] == b"400"
        connection.sendall((head + b"Expect: 100-continue\r\n\r\n") % len(body))
        assert answer() == (b"100", None)
        connection.sendall(body)
        assert answer() == (b"200", {"predictions": [3.0]})
        connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: kuzov\r\n\r\n")
        assert answer() == (b"400", {"error": "Missing model name in request."})


def test_the_metrics(server: Server) -> None:
    server.post("half_plus_three:predict", {"instances": [2.0]})
    server.predict("half_plus_three", x=[2.0])
    response = requests.get(f"{server.rest}/monitoring/prometheus/metrics", timeout=TIMEOUT_S)
    assert response.headers["content-type"].startswith("text/plain")
    text = response.text
    assert "# TYPE :tensorflow:serving:request_count counter\n" in text
    assert ':tensorflow:serving:request_count{model_name="half_plus_three",status="OK"} ' in text
    latency = ':tensorflow:serving:request_latency_count{model_name="half_plus_three",'
    assert f'{latency}API="predict",entrypoint="REST"}} ' in text
    assert f'{latency}API="Predict",entrypoint="GRPC"}} ' in text
    runtime = (
        ':tensorflow:serving:runtime_latency_bucket{model_name="half_plus_three",API="Predict",runtime="TF1"'
    )
    assert f'{runtime},le="+Inf"}} ' in text
