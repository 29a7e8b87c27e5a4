from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from kuzov.errors import ErrorCode, RequestError
from kuzov.network import Tensors
from kuzov.records import Signature
from kuzov.serve.calls import ModelSpec
from kuzov.serve.rest.photo_body import find_photo_call, read_photos
from tests.errors import raises
from tests.serve.rest.port import FLOAT, STRING, PhotoEngine, Port

FORM = "multipart/form-data; boundary=xyz"
BROKEN = "The form is broken or cut short. Send it again, whole."


def part(
    content: bytes, head: bytes = b'Content-Disposition: form-data; name="a"; filename="1.jpg"'
) -> bytes:
    return b"--xyz\r\n" + head + b"\r\n\r\n" + content + b"\r\n"


def test_an_image_is_the_whole_body() -> None:
    assert read_photos(b"--xyz", "image/jpeg", 1).tolist() == [b"--xyz"]


@pytest.mark.parametrize("content_type", [FORM, 'Multipart/Form-Data; charset=utf-8; Boundary="xyz"'])
def test_a_form_holds_files(content_type: str) -> None:
    field = part(b"not a file", b'Content-Disposition: form-data; name="comment"')
    body = b"preamble\r\n" + part(b"1\r\n--xy\r\n") + field + part(b"") + b"--xyz--\r\nepilogue"
    assert read_photos(body, content_type, 3).tolist() == [b"1\r\n--xy\r\n", b""]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", BROKEN),
        (part(b"1"), BROKEN),
        (b"--xyz\r\nno end of the head\r\n--xyz--", BROKEN),
        (part(b"1") * 3 + b"--xyz--", "The form has more than 2 parts. Send the photos in several requests."),
        (b"--xyz--", "The form holds no photo. Send one file or several: curl -F photo=@car.jpg URL"),
    ],
)
def test_a_form_that_can_not_be_read(body: bytes, error: str) -> None:
    with raises(RequestError, error, ErrorCode.INVALID):
        read_photos(body, FORM, 2)


def test_a_form_names_its_boundary() -> None:
    text = "The form's Content-Type does not name its boundary. Let the HTTP client write it."
    with raises(RequestError, text):
        read_photos(b"", "multipart/form-data", 2)


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
