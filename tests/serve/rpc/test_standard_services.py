from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest as Request
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionResponse as Response

from kuzov.serve.rpc.standard_services import NAMES, REFLECTION_SERVICES, SERVICES
from tests.serve.rpc.conftest import Site, api_keys, listening, refusal


async def states(channel: grpc.aio.Channel) -> set[str]:
    health = health_pb2_grpc.HealthStub(channel)
    answers = [await health.Check(health_pb2.HealthCheckRequest(service=name)) for name in NAMES]
    return {health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status) for answer in answers}


def test_the_names_are_tensorflow_servings_and_the_services_own() -> None:
    assert set(NAMES) == {
        "",
        "ModelService",
        "PredictionService",
        "tensorflow.serving.ModelService",
        "tensorflow.serving.PredictionService",
    }


def test_who_watches_does_not_hold_the_end_up(site: Site) -> None:
    async def scenario() -> list[int]:
        server = site.server()
        async with listening(server) as channel:
            watching = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
            found = [(await watching.read()).status]
            async with asyncio.timeout(10):
                await server.stop(3600)
            return [*found, (await watching.read()).status]

    state = health_pb2.HealthCheckResponse
    assert asyncio.run(scenario()) == [state.SERVING, state.NOT_SERVING]


def test_a_server_serves_until_it_is_drained(site: Site, tmp_path: Path) -> None:
    site.keys = api_keys(tmp_path)

    async def scenario() -> tuple[set[str], set[str]]:
        server = site.server()
        async with listening(server) as channel:
            before = await states(channel)
            await server.drain()
            return before, await states(channel)

    assert asyncio.run(scenario()) == ({"SERVING"}, {"NOT_SERVING"})


def test_an_unknown_service_has_no_health(site: Site) -> None:
    async def scenario(channel: grpc.aio.Channel) -> None:
        await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service="Other"))

    assert refusal(lambda: site.run(scenario))[0] == "NOT_FOUND"


def ask(site: Site, service: str, *requests: Request) -> list[Response]:
    async def scenario(channel: grpc.aio.Channel) -> list[Response]:
        call = channel.stream_stream(
            f"/{service}/ServerReflectionInfo",
            request_serializer=Request.SerializeToString,
            response_deserializer=Response.FromString,
        )
        return [answer async for answer in call(iter(requests))]

    return site.run(scenario)


@pytest.mark.parametrize("version", REFLECTION_SERVICES)
def test_the_services_are_listed(site: Site, version: str) -> None:
    (answer,) = ask(site, version, Request(list_services=""))
    assert [each.name for each in answer.list_services_response.service] == [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "tensorflow.serving.ModelService",
        "tensorflow.serving.PredictionService",
    ]


def test_every_listed_service_is_described(site: Site) -> None:
    answers = ask(site, REFLECTION_SERVICES[0], *(Request(file_containing_symbol=name) for name in SERVICES))
    for service, answer in zip(SERVICES, answers, strict=True):
        files = [
            FileDescriptorProto.FromString(file)
            for file in answer.file_descriptor_response.file_descriptor_proto
        ]
        assert service in {f"{file.package}.{each.name}" for file in files for each in file.service}


def test_messages_are_described_with_all_that_they_hold(site: Site) -> None:
    symbol = "tensorflow.serving.PredictRequest"
    (answer,) = ask(site, REFLECTION_SERVICES[1], Request(file_containing_symbol=symbol))
    files = [
        FileDescriptorProto.FromString(file) for file in answer.file_descriptor_response.file_descriptor_proto
    ]
    names = {f"{file.package}.{message.name}" for file in files for message in file.message_type}
    assert {symbol, "tensorflow.TensorProto", "google.protobuf.Int64Value"} <= names


def test_an_unknown_symbol_is_not_found(site: Site) -> None:
    (answer,) = ask(site, REFLECTION_SERVICES[0], Request(file_containing_symbol="tensorflow.Session"))
    assert answer.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
