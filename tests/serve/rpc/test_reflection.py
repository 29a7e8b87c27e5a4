from __future__ import annotations

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest as Request
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionResponse as Response

from kuzov.serve.rpc.reflection import REFLECTION_SERVICES, SERVICES
from tests.serve.rpc.conftest import Site


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
