from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from unittest import mock

import pytest

from kuzov.serve.limits import Limits
from kuzov.serve.rest import json_request
from tests.serve.rest.port import Port

PREDICT = "/v1/models/m:predict"
TOO_MANY = "The request has 3 rows, but this server takes at most 2 at a time. Send them in several requests."


class CountingPool(ThreadPoolExecutor):
    """Counts the jobs that it is given."""

    jobs = 0

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
        self.jobs += 1
        return super().submit(*args, **kwargs)


PHOTO = b"photo" * 10_000
JPEG = {"Content-Type": "image/jpeg"}


@pytest.mark.parametrize(
    "request_of_photos",
    [
        {"json": {"signature_name": "image_bytes", "instances": [{"b64": base64.b64encode(PHOTO).decode()}]}},
        {"json": {"signature_name": "image_bytes", "instances": ["small"]}},
        {"content": PHOTO, "headers": JPEG},
        {"content": gzip.compress(PHOTO), "headers": JPEG | {"Content-Encoding": "gzip"}},
        {"files": [("a", ("1.jpg", PHOTO))]},
    ],
)
def test_photos_are_read_and_prepared_by_one_job_of_a_decode_thread(
    port: Port, request_of_photos: Mapping[str, Any]
) -> None:
    with CountingPool(1) as port.pool:
        assert port.ask("POST", PREDICT, **request_of_photos).status_code == 200
        assert port.pool.jobs == 1


def test_numbers_of_a_small_request_never_leave_the_event_loop(port: Port) -> None:
    with CountingPool(1) as port.pool:
        assert port.ask("POST", PREDICT, json={"instances": [1]}).status_code == 200
        assert port.pool.jobs == 0


def test_a_photo_in_json_is_parsed_once(port: Port) -> None:
    body = {"signature_name": "image_bytes", "instances": [{"b64": base64.b64encode(PHOTO).decode()}]}
    with mock.patch.object(json_request, "read_numbers", side_effect=AssertionError):
        assert port.ask("POST", PREDICT, json=body).json() == {"predictions": [float(len(PHOTO))]}


@pytest.mark.parametrize("verb", ["classify", "regress"])
def test_calls_by_examples_are_recorded(port: Port, verb: str) -> None:
    body = {"signature_name": verb, "examples": [{}, {"x": 1.0}]}
    assert port.ask("POST", f"/v1/models/m:{verb}", json=body).status_code == 200
    [record] = port.records
    assert (record.api, record.version, record.signature, record.rows) == (verb, 1, verb, 2)


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


@pytest.mark.parametrize(
    ("content_type", "body", "answer"), [("image/bmp", b"12345", 5.0), ("", b'{"instances": [2]}', 3.0)]
)
def test_a_packed_body_is_unpacked(port: Port, content_type: str, body: bytes, answer: float) -> None:
    headers = {"Content-Type": content_type, "Content-Encoding": "gzip"}
    response = port.ask("POST", PREDICT, content=gzip.compress(body), headers=headers)
    assert response.json() == {"predictions": [answer]}


@pytest.mark.parametrize("coding", ["x-gzip", "identity, gzip", "GZIP"])
def test_the_codings_of_a_packed_body(port: Port, coding: str) -> None:
    body = gzip.compress(b'{"instances"') + gzip.compress(b": [2]}")
    response = port.ask("POST", PREDICT, content=body, headers={"Content-Encoding": coding})
    assert response.json() == {"predictions": [3.0]}


@pytest.mark.parametrize("coding", ["identity", "", "br"])
def test_other_codings_are_read_as_they_are(port: Port, coding: str) -> None:
    response = port.ask("POST", PREDICT, content=b'{"instances": [2]}', headers={"Content-Encoding": coding})
    assert response.json() == {"predictions": [3.0]}


def test_the_photos_of_a_form_are_rows(port: Port) -> None:
    files = [("a", ("1.jpg", b"123")), ("b", ("2.jpg", b"\r\n--45" * 10_000)), ("a", ("3.jpg", b""))]
    response = port.ask("POST", PREDICT, files=files)
    assert response.json() == {"predictions": [3.0, 60_000.0, 0.0]}


def test_a_photo_for_an_unknown_model(port: Port) -> None:
    response = port.ask("POST", "/v1/models/x:predict", content=b"1", headers={"Content-Type": "image/png"})
    assert response.status_code == 404
    assert response.json() == {"error": "Servable not found for request: Latest(x)"}
