from __future__ import annotations

import gzip

import pytest

from kuzov.serve.limits import Limits
from tests.serve.rest.port import Port

PREDICT = "/v1/models/m:predict"
TOO_MANY = "The request has 3 rows, but this server takes at most 2 at a time. Send them in several requests."


def test_classify(port: Port) -> None:
    body = {"signature_name": "classify", "examples": [{}, {"x": 1.0}]}
    response = port.ask("POST", "/v1/models/m:classify", json=body)
    assert response.status_code == 200
    [[[label, score]], _] = response.json()["results"]
    assert (label, score) == ("", 0.0)
    assert (port.records[0].api, port.records[0].rows) == ("classify", 2)
    assert (port.records[0].version, port.records[0].signature) == (1, "classify")


def test_regress(port: Port) -> None:
    body = {"signature_name": "regress", "examples": [{}]}
    assert port.ask("POST", "/v1/models/m:regress", json=body).json() == {"results": [0.0]}
    assert (port.records[0].api, port.records[0].signature) == ("regress", "regress")


def test_photos_and_examples_have_a_limit(port: Port) -> None:
    port.limits = Limits(max_rows=2)
    for path, body in (
        (PREDICT, {"signature_name": "image_bytes", "instances": ["a", "b", "c"]}),
        (PREDICT, {"signature_name": "image_bytes", "inputs": ["a", "b", "c"]}),
        ("/v1/models/m:regress", {"examples": [{}, {}, {}]}),
    ):
        response = port.ask("POST", path, json=body)
        assert response.status_code == 400
        assert response.json() == {"error": TOO_MANY}


@pytest.mark.parametrize("rows", [1, 10_000])
def test_bodies_of_all_sizes_are_read(port: Port, rows: int) -> None:
    port.limits = Limits(max_rows=1)
    assert port.ask("POST", PREDICT, json={"instances": [2] * rows}).json() == {"predictions": [3.0] * rows}


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "", "imagery/x"])
def test_the_type_of_json_does_not_matter(port: Port, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    response = port.ask("POST", PREDICT, content=b'{"instances": [2]}', headers=headers)
    assert response.json() == {"predictions": [3.0]}


@pytest.mark.parametrize("content_type", ["image/jpeg", "image/png", "Image/WebP; q=1"])
def test_a_photo_is_a_row(port: Port, content_type: str) -> None:
    response = port.ask("POST", PREDICT, content=b"12345", headers={"Content-Type": content_type})
    assert response.json() == {"predictions": [5.0]}
    assert (port.records[0].signature, port.records[0].rows) == ("image_bytes", 1)


def test_a_packed_photo_is_unpacked(port: Port) -> None:
    headers = {"Content-Type": "image/bmp", "Content-Encoding": "gzip"}
    response = port.ask("POST", PREDICT, content=gzip.compress(b"12345"), headers=headers)
    assert response.json() == {"predictions": [5.0]}


def test_the_photos_of_a_form_are_rows(port: Port) -> None:
    files = [("a", ("1.jpg", b"123")), ("b", ("2.jpg", b"\r\n--45" * 10_000)), ("a", ("3.jpg", b""))]
    response = port.ask("POST", PREDICT, files=files)
    assert response.json() == {"predictions": [3.0, 60_000.0, 0.0]}


def test_a_photo_for_an_unknown_model(port: Port) -> None:
    response = port.ask("POST", "/v1/models/x:predict", content=b"1", headers={"Content-Type": "image/png"})
    assert response.status_code == 404
    assert response.json() == {"error": "Servable not found for request: Latest(x)"}
