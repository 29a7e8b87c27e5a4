from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import Mock

import grpc
import pytest
from grpc_health.v1 import health_pb2

from kuzov.ray.serving.rpc import add_services, answer, check_health
from tests.ray.serving.stand_ins import RayContext

MAX_BYTES = 100


async def echo(request: bytes, context: Any) -> bytes:
    assert context.invocation_metadata() == [("x-api-key", "k")]
    assert context.time_remaining() is None
    context.set_trailing_metadata((("x-request-id", "7"),))
    if request == b"refuse":
        await context.abort(grpc.StatusCode.NOT_FOUND, "There is none.")
    return request


def ask(request: bytes) -> tuple[bytes, RayContext]:
    context = RayContext()
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(echo)
    response = asyncio.run(answer(handler, request, context, MAX_BYTES))
    return response.SerializeToString(), context


def test_an_answer_goes_back_as_it_is() -> None:
    response, context = ask(b"hello")
    assert (response, context.code) == (b"hello", None)
    assert context.trailing == [("request_id", "of Ray"), ("x-request-id", "7")]


def test_a_refusal_is_left_in_the_context() -> None:
    response, context = ask(b"refuse")
    assert (response, context.code, context.details) == (b"", grpc.StatusCode.NOT_FOUND, "There is none.")


def test_a_request_larger_than_the_limit() -> None:
    response, context = ask(bytes(MAX_BYTES + 1))
    assert (response, context.code) == (b"", grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert context.details == "Received message larger than max (101 vs. 100)"


@pytest.mark.parametrize("service", ["", "tensorflow.serving.PredictionService"])
def test_a_replica_that_answers_serves(service: str) -> None:
    context = RayContext()
    response = check_health(health_pb2.HealthCheckRequest(service=service).SerializeToString(), context)
    told = health_pb2.HealthCheckResponse.FromString(response.SerializeToString())
    assert (told.status, context.code) == (health_pb2.HealthCheckResponse.SERVING, None)


@pytest.mark.parametrize(
    "request_", [health_pb2.HealthCheckRequest(service="nobody").SerializeToString(), b"\xff"]
)
def test_the_health_of_what_is_not_there(request_: bytes) -> None:
    context = RayContext()
    assert check_health(request_, context).SerializeToString() == b""
    assert context.code is grpc.StatusCode.NOT_FOUND


def test_a_proxy_is_told_the_methods_and_reads_no_message() -> None:
    server = Mock()
    add_services(Mock(), server)
    (handlers,) = zip(*(call.args[0] for call in server.add_generic_rpc_handlers.call_args_list), strict=True)
    methods = {path: method for handler in handlers for path, method in handler._method_handlers.items()}
    assert sorted(methods) == [
        "/grpc.health.v1.Health/Check",
        "/tensorflow.serving.ModelService/GetModelStatus",
        "/tensorflow.serving.ModelService/HandleReloadConfigRequest",
        "/tensorflow.serving.PredictionService/Classify",
        "/tensorflow.serving.PredictionService/GetModelMetadata",
        "/tensorflow.serving.PredictionService/MultiInference",
        "/tensorflow.serving.PredictionService/Predict",
        "/tensorflow.serving.PredictionService/Regress",
    ]
    assert {method.request_deserializer for method in methods.values()} == {None}
