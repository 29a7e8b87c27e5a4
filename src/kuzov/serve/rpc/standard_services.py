"""gRPC's standard services: health, for load balancers and Kubernetes, and reflection.

Reflection is how grpcurl and others that hold no .proto files learn which services and messages there are.
Clients of today ask grpc.reflection.v1, older ones v1alpha; the two differ in nothing but the name.
"""

from __future__ import annotations

from collections.abc import Sequence

import grpc
from google.protobuf import text_format
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from kuzov.wire.messages import MODEL_SERVICE, POOL, PREDICTION_SERVICE

HEALTH_SERVICE = "grpc.health.v1.Health"
NAMES = ("", "ModelService", "PredictionService", MODEL_SERVICE, PREDICTION_SERVICE)
"""What can be asked for: everything, and each service by TensorFlow Serving's name and by its own."""
REFLECTION_SERVICES = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")
SERVICES = (PREDICTION_SERVICE, MODEL_SERVICE, HEALTH_SERVICE, *REFLECTION_SERVICES)


class Health:
    """Tells whether the server takes requests. It needs no key, and no place among the requests under way."""

    def __init__(self, server: grpc.aio.Server) -> None:
        """Add the service to a server that has not started."""
        self._servicer = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    async def serving(self) -> None:
        """Say SERVING from now on."""
        for name in NAMES:
            await self._servicer.set(name, health_pb2.HealthCheckResponse.SERVING)

    async def draining(self) -> None:
        """Say NOT_SERVING from now on, for good."""
        await self._servicer.enter_graceful_shutdown()


def add_reflection(server: grpc.aio.Server) -> None:
    """Add both versions of the reflection service to a server that has not started."""
    servicer = reflection.aio.ReflectionServicer(SERVICES, pool=_described())
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
