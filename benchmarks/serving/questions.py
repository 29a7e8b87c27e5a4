"""What the servers are asked: one photo, in every form that they take, and whether an answer is right."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.serving.load import Request
from kuzov.bundle.card import read_card
from kuzov.cars.cut_out import read_cut_out
from kuzov.engine.openvino import load
from kuzov.wire import messages

NAME = "img_classifier"
PREDICT = messages.METHODS[messages.PREDICTION_SERVICE]["Predict"].path
SIZE, QUALITY = (600, 400), 90

GRPC_TENSOR = "gRPC, float32 tensor"
GRPC_PHOTO = "gRPC, JPEG"
REST_JSON = "REST, JSON array"
REST_BASE64 = "REST, JPEG in base64"
REST_PHOTO = "REST, JPEG as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request that can be sent.

    Attributes:
        file: The request's bytes; see `benchmarks.serving.load.Request`.
        method: Path of the gRPC method; empty for HTTP.
        is_right: Whether the body of an answer names the photo's class.
    """

    file: Path
    method: str
    is_right: Callable[[bytes], bool]

    def to(self, rpc_port: int, rest_port: int) -> Request:
        """The request, addressed to a server on this machine."""
        port = rpc_port if self.method else rest_port
        return Request(address=("127.0.0.1", port), file=str(self.file), method=self.method)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """All that is asked of one photo.

    Attributes:
        photo: The JPEG's file, 600 × 400.
        image_px: Side of the network's square.
        questions: By the names above.
    """

    photo: Path
    image_px: int
    questions: Mapping[str, Question]


def prepare(version_dir: Path, source: Path, folder: Path) -> Exam:
    """Write the requests into a folder.

    Args:
        version_dir: The bundle's version, which also tells what is right.
        source: A photo of a car; any size.
        folder: Where the requests' bytes are put.
    """
    photo = folder / "photo.jpg"
    with Image.open(source) as image:
        image.convert("RGB").resize(SIZE).save(photo, quality=QUALITY)
    jpeg = photo.read_bytes()
    card = read_card(version_dir)
    pixels = read_cut_out(jpeg, card.image_px, card.framing).pixels[np.newaxis].astype(np.float32)
    column = int(load(version_dir, "f32").recognise(pixels)["probabilities"].argmax())
    label = card.classes[column].id

    def http(name: str, path: str, body: bytes, content_type: str, find: Callable[[Any], object]) -> Question:
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
        head += f"Accept: */*\r\nContent-Length: {len(body)}\r\n\r\n"
        file = folder / f"{name}.http"
        file.write_bytes(head.encode() + body)
        return Question(file=file, method="", is_right=lambda answer: find(json.loads(answer)) == label)

    def grpc(name: str, request: messages.PredictRequest) -> Question:
        file = folder / f"{name}.grpc"
        file.write_bytes(request.SerializeToString())
        return Question(file=file, method=PREDICT, is_right=lambda answer: _column_of(answer) == column)

    def best(scores: list[float]) -> str:
        return card.classes[int(np.argmax(scores))].id

    path, in_base64 = f"/v1/models/{NAME}:predict", base64.b64encode(jpeg).decode()
    array = json.dumps({"instances": pixels.tolist()}).encode()
    photos = json.dumps({"signature_name": "image_bytes", "instances": [{"b64": in_base64}]}).encode()
    return Exam(
        photo=photo,
        image_px=card.image_px,
        questions={
            GRPC_TENSOR: grpc("tensor", _tensor_request(pixels)),
            GRPC_PHOTO: grpc("photo", _photo_request(jpeg)),
            REST_JSON: http(
                "array", path, array, "application/json", lambda answer: best(answer["predictions"][0])
            ),
            REST_BASE64: http(
                "base64", path, photos, "application/json", lambda answer: answer["predictions"][0]["label"]
            ),
            REST_PHOTO: http(
                "photo", path, jpeg, "image/jpeg", lambda answer: answer["predictions"][0]["label"]
            ),
        },
    )


def _tensor_request(pixels: np.ndarray[Any, Any]) -> messages.PredictRequest:
    request = messages.PredictRequest()
    request.model_spec.name = NAME
    tensor = request.inputs["image"]
    tensor.dtype = messages.DataType.DT_FLOAT
    for size in pixels.shape:
        tensor.tensor_shape.dim.add().size = size
    tensor.tensor_content = pixels.tobytes()
    return request


def _photo_request(jpeg: bytes) -> messages.PredictRequest:
    request = messages.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = NAME, "image_bytes"
    tensor = request.inputs["image_bytes"]
    tensor.dtype = messages.DataType.DT_STRING
    tensor.tensor_shape.dim.add().size = 1
    tensor.string_val.append(jpeg)
    return request


def _column_of(answer: bytes) -> int:
    tensor = messages.PredictResponse.FromString(answer).outputs["probabilities"]
    return int(np.argmax(tensor.float_val or np.frombuffer(tensor.tensor_content, np.float32)))
