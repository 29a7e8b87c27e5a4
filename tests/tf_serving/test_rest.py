"""What TensorFlow Serving's tests ask of the REST port: http_rest_api_handler_test.cc, g3doc/api_rest.md."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.tf_serving.client import TIMEOUT_S, Server


@pytest.mark.parametrize(
    ("path", "body", "answer"),
    [
        ("half_plus_two:predict", {"instances": [2.0, 3.0, 4.0]}, {"predictions": [3.0, 3.5, 4.0]}),
        ("half_plus_three:predict", {"inputs": {"x": [[2.0]]}}, {"outputs": [[4.0]]}),
        (
            "half_plus_two:classify",
            {"signature_name": "classify_x_to_y", "examples": [{"x": 20.0}]},
            {"results": [[["", 12.0]]]},
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


@pytest.mark.parametrize(("example", "text"), [({"x": 2}, "Data types"), ({}, "[[{{node ")])
def test_what_the_graph_refuses_is_told_in_its_words(server: Server, example: Any, text: str) -> None:
    body = {"signature_name": "regress_x_to_y", "examples": [example]}
    response = server.post("half_plus_two:regress", body)
    assert response.status_code == 400
    assert text in response.json()["error"]


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
