"""TensorFlow Serving's own clients, and a server process to ask."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import grpc
import pytest
import requests

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
pytest.importorskip("tensorflow_serving", reason="TensorFlow Serving's client is not installed")

import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from tests.chaos.running import running

T = TypeVar("T")

TIMEOUT_S = 60.0
CLASSIFY, REGRESS, PREDICT = (f"tensorflow/serving/{each}" for each in ("classify", "regress", "predict"))
FLAGS = (
    "--file_system_poll_wait_seconds=1",
    "--max_num_load_retries=0",
    "--allow_version_labels_for_unavailable_models=true",
)


def until(look: Callable[[], T], wanted: Callable[[T], bool]) -> T:
    """What is seen once it is as wanted, which it has to become in time."""
    deadline = time.monotonic() + TIMEOUT_S
    while not wanted(seen := look()):
        assert time.monotonic() < deadline, f"still {seen}"
        time.sleep(0.05)
    return seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server process, and the clients of both its ports."""

    folder: Path
    log: Path
    rest: str
    port: int
    predictions: Any
    models: Any

    def predict(self, model: str = "half_plus_two", signature: str = "", **inputs: Any) -> Any:
        return self.predictions.Predict(a_predict(model, signature, **inputs), TIMEOUT_S)

    def version(self, model: str, label: str | None = None) -> int | str:
        """The version that answers, or why none does."""
        try:
            request = a_predict(model, label=label, x=[2.0])
            found: int = self.predictions.Predict(request, TIMEOUT_S).model_spec.version.value
        except grpc.RpcError as error:
            return str(error.details())
        return found

    def states(self, model: str) -> dict[int, str]:
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = model
        answer = self.models.GetModelStatus(request, TIMEOUT_S)
        return {each.version: each.State.Name(each.state) for each in answer.model_version_status}

    def reload(self, config: str) -> Any:
        request = model_management_pb2.ReloadConfigRequest()
        text_format.Parse(config, request.config)
        return self.models.HandleReloadConfigRequest(request, TIMEOUT_S)

    def post(self, path: str, body: Any, **options: Any) -> requests.Response:
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        return requests.post(f"{self.rest}/v1/models/{path}", data, timeout=TIMEOUT_S, **options)

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.rest}/v1/models/{path}", timeout=TIMEOUT_S)


def a_predict(
    model: str,
    signature: str = "",
    *,
    version: int | None = None,
    label: str | None = None,
    output_filter: Sequence[str] = (),
    **inputs: Any,
) -> Any:
    """A PredictRequest as TensorFlow's users make it."""
    request = predict_pb2.PredictRequest(output_filter=output_filter)
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    if label is not None:
        request.model_spec.version_label = label
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def with_examples(request: Any, *values: float, model: str = "half_plus_two", signature: str = "") -> Any:
    """A request with an example of the feature x for each value."""
    if hasattr(request, "model_spec"):
        request.model_spec.name, request.model_spec.signature_name = model, signature
    for value in values:
        example = request.input.example_list.examples.add()
        example.features.feature["x"].float_list.value.append(value)
    return request


@contextmanager
def serving(folder: Path, *flags: str) -> Iterator[Server]:
    """A server, ready to answer."""
    with (
        running(None, folder / "server.log", *FLAGS, *flags, cwd=folder) as started,
        grpc.insecure_channel(f"127.0.0.1:{started.rpc_port}") as channel,
    ):
        yield Server(
            folder=folder,
            log=started.log,
            rest=f"http://127.0.0.1:{started.rest_port}",
            port=started.rest_port,
            predictions=prediction_service_pb2_grpc.PredictionServiceStub(channel),
            models=model_service_pb2_grpc.ModelServiceStub(channel),
        )


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    """The code and the details of a call that is refused."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code().name, str(caught.value.details())
