"""Reflection: how grpcurl and others that hold no .proto files learn which services and messages there are.

Clients of today ask grpc.reflection.v1, older ones v1alpha; the two differ in nothing but the name.
"""

from __future__ import annotations

from collections.abc import Sequence

import grpc
from google.protobuf import text_format
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection import aio

from kuzov.serve.rpc.health import HEALTH_SERVICE
from kuzov.wire.messages import MODEL_SERVICE, POOL, PREDICTION_SERVICE

REFLECTION_SERVICES = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")
SERVICES = (PREDICTION_SERVICE, MODEL_SERVICE, HEALTH_SERVICE, *REFLECTION_SERVICES)


def add_reflection(server: grpc.aio.Server) -> None:
    """Add both versions of the reflection service to a server that has not started."""
    servicer = aio.ReflectionServicer(SERVICES, pool=_described())
    method = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        tuple(
            grpc.method_handlers_generic_handler(service, {"ServerReflectionInfo": method})
            for service in REFLECTION_SERVICES
        )
    )


def _described() -> DescriptorPool:
    """All services in one pool; kuzov's messages live in another than gRPC's own."""
    pool = DescriptorPool()
    files = [POOL.FindFileContainingSymbol(service) for service in (PREDICTION_SERVICE, MODEL_SERVICE)]
    _add([*files, health_pb2.DESCRIPTOR, reflection_pb2.DESCRIPTOR], pool, set())
    alpha = FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(alpha)
    text = text_format.MessageToString(alpha).replace("v1alpha", "v1")
    pool.Add(text_format.Parse(text, FileDescriptorProto()))
    return pool


def _add(files: Sequence[FileDescriptor], pool: DescriptorPool, known: set[str]) -> None:
    for file in files:
        if file.name not in known:
            known.add(file.name)
            _add(file.dependencies, pool, known)
            proto = FileDescriptorProto()
            file.CopyToProto(proto)
            pool.Add(proto)
