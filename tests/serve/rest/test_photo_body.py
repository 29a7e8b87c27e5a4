from __future__ import annotations

import gzip
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from kuzov.errors import RequestError
from kuzov.network import Tensors
from kuzov.records import Signature
from kuzov.serve.calls import ModelSpec
from kuzov.serve.rest.photo_body import find_photo_call, is_photos, read_photos
from tests.errors import raises
from tests.serve.rest.port import FLOAT, STRING, PhotoEngine, Port

# The first bytes of each format, and as many more as it takes to tell it from text.
STARTS = {
    "JPEG": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    "JPEG of a phone": b"\xff\xd8\xff\xe1\x2f\xfeExif\0\0",
    "PNG": b"\x89PNG\r\n\x1a\n",
    "GIF": b"GIF89a\x80\x02\xe0\x01",
    "old GIF": b"GIF87a\x80\x02\xe0\x01",
    "WebP": b"RIFF\x24\0\0\0WEBPVP8 ",
    "BMP": b"BM\x36\x10\x0e\0\0\0\0\0\x36\0\0\0",
    "HEIC": b"\0\0\0\x18ftypheic",
    "AVIF": b"\0\0\0\x20ftypavif",
    "ICO": b"\0\0\1\0\1\0",
}
TYPES = ("", "application/x-www-form-urlencoded", "application/octet-stream", "text/plain", "jpeg")


@pytest.mark.parametrize("name", STARTS)
@pytest.mark.parametrize("content_type", TYPES)
def test_a_photo_is_told_by_its_content_where_the_type_does_not_say(name: str, content_type: str) -> None:
    assert is_photos(STARTS[name], content_type)


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"instances": [1]}', b" \n[1]", b'\xef\xbb\xbf{"inputs": 1}', b"GIF", b"RIFF",
     b"hello", b"\x1f\x8b\x08\0", '{"имя": 1}'.encode(), '{"inputs": 1}'.encode("utf-16")],
)  # fmt: skip
def test_everything_else_is_for_the_parser_of_json(body: bytes) -> None:
    assert not any(is_photos(body, content_type) for content_type in TYPES)
    assert is_photos(body, "image/jpeg")
    assert is_photos(body, "Multipart/Form-Data; boundary=x")


@pytest.mark.parametrize("headers", [{}, *({"Content-Type": each} for each in TYPES)])
def test_a_photo_without_a_type_is_answered(port: Port, headers: dict[str, str]) -> None:
    photo = STARTS["JPEG"]
    for body, coding in ((photo, {}), (gzip.compress(photo), {"Content-Encoding": "gzip"})):
        response = port.ask("POST", "/v1/models/m:predict", content=body, headers=headers | coding)
        assert (response.status_code, response.json()) == (200, {"predictions": [float(len(photo))]})


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"II*\0\x08\0\0\0", "is a TIFF image, which is not read here; save it as JPEG or PNG."),
        (b"%PDF-1.7\n", "is a PDF document, not a photo; save the photo in it as JPEG."),
        (
            b"\x00\x9f\x92",
            "is not a photo in a supported format; use JPEG, PNG, WebP, HEIC, AVIF, BMP, GIF or ICO.",
        ),
    ],
)
@pytest.mark.parametrize("query", ["", "?signature_name=cars"])
def test_a_file_that_is_no_photo_is_told_what_it_is(port: Port, start: bytes, what: str, query: str) -> None:
    response = port.ask("POST", f"/v1/models/m:predict{query}", content=start)
    assert response.json() == {"error": f"The request's body is not JSON. It {what}"}
    assert (response.status_code, response.headers["kuzov-reason"]) == (400, "no_image")


@pytest.mark.parametrize(
    "body",
    [
        b"hello",
        b" \n[1]",
        "имя: 1".encode(),
        "я".encode() * 5000,
        b'\n{"instances": "\xff"}',
        '{"instances": [1]}'.encode("utf-16"),
    ],
)
def test_text_that_is_no_json_is_told_as_tensorflow_serving_does(port: Port, body: bytes) -> None:
    error = port.ask("POST", "/v1/models/m:predict", content=body).json()["error"]
    assert error.startswith(("JSON Parse error: ", "JSON Value: "))


def test_an_image_is_the_whole_body() -> None:
    assert read_photos(b"--xyz", "image/jpeg", 1).tolist() == [b"--xyz"]


def test_the_files_of_a_form_are_photos() -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="a"; filename="1"\r\n\r\n1\r\n--x--'
    assert read_photos(body, "multipart/form-data; boundary=x", 1).tolist() == [b"1"]


class Renamed(PhotoEngine):
    signatures: Mapping[str, Signature] = {
        "a": Signature(inputs={"image_bytes": FLOAT}, outputs={}, method_name=""),
        "b": Signature(inputs={"image_bytes": STRING}, outputs={}, method_name=""),
        "c": Signature(inputs={"image_bytes": STRING, "x": FLOAT}, outputs={}, method_name=""),
    }


class Blind(PhotoEngine):
    signatures: Mapping[str, Signature] = {"a": Signature(inputs={"x": STRING}, outputs={}, method_name="")}


@pytest.mark.parametrize(("engine", "name"), [(PhotoEngine(), "image_bytes"), (Renamed(), "b")])
def test_the_signature_that_takes_photos_is_found(port: Port, engine: PhotoEngine, name: str) -> None:
    port.engines = {"m": engine}
    assert find_photo_call(port.service, ModelSpec(name="m")).signature_name == name


class Finding(PhotoEngine):
    signatures: Mapping[str, Signature] = {
        **PhotoEngine.signatures,
        "cars": Signature(inputs={"image_bytes": STRING}, outputs={"boxes": FLOAT}, method_name="predict"),
    }

    def infer(self, network: str, tensors: Tensors) -> dict[str, Any]:
        if network == "cars":
            return {"boxes": np.zeros(len(tensors["image_bytes"]), np.float32)}
        return super().infer(network, tensors)


def test_the_request_may_name_the_signature_for_its_photos(port: Port) -> None:
    port.engines = {"m": Finding()}
    path, body = "/v1/models/m:predict", {"content": b"photo", "headers": {"content-type": "image/jpeg"}}
    assert port.ask("POST", path, **body).json() == {"predictions": [5.0]}
    assert port.ask("POST", f"{path}?signature_name=cars", **body).json() == {"predictions": [0.0]}
    assert port.records[-1].signature == "cars"
    response = port.ask("POST", f"{path}?signature_name=regress", **body)
    assert (response.status_code, response.json()) == (
        400,
        {
            "error": 'The model "m" has no signature "regress" that takes photos alone; it has cars, '
            "image_bytes."
        },
    )


@pytest.mark.parametrize("query", ["?signature_name=", "?signature_name=cars&a=b", "?a=b"])
def test_no_other_query_is_understood(port: Port, query: str) -> None:
    target = f"/v1/models/m:predict{query}"
    response = port.ask("POST", target, content=b"photo", headers={"content-type": "image/jpeg"})
    assert response.json() == {"error": f"Malformed request: POST {target}"}


def test_json_names_its_signature_itself(port: Port) -> None:
    target = "/v1/models/m:predict?signature_name=image_bytes"
    response = port.ask("POST", target, json={"instances": [1]})
    assert (response.status_code, response.json()) == (400, {"error": f"Malformed request: POST {target}"})


def test_a_model_may_take_no_photos(port: Port) -> None:
    port.engines = {"m": Blind()}
    with raises(
        RequestError,
        'The model "m" takes no photos: none of its signatures has image_bytes, a string, as its only input. '
        "Send JSON instead.",
    ):
        find_photo_call(port.service, ModelSpec(name="m"))
