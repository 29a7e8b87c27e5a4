"""TensorFlow Serving's gRPC API through Ray Serve's gRPC proxies.

A proxy hands a request on as the bytes that it got, and gives back the bytes that it is handed. So no message
is read in the proxy, and no descriptor is needed there that could clash with TensorFlow's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import grpc
from grpc_health.v1 import health_pb2

from kuzov.serve.rpc.standard_services import HEALTH_SERVICE, NAMES
from kuzov.wire.messages import METHODS, DecodeError

SERVICER_FUNCTION = f"{__name__}.add_services"
"""Where a proxy finds `add_services`, as Ray's gRPCOptions.grpc_servicer_functions names it."""

RPCS: Mapping[str, Sequence[str]] = {
    **{service: tuple(methods) for service, methods in METHODS.items()},
    HEALTH_SERVICE: ("Check",),
}
"""The methods that are answered, by service. A deployment has a method of each name."""

Metadata = Sequence[tuple[str, str | bytes]]


def add_services(servicer: Any, server: Any) -> None:
    """Tell a proxy's gRPC server which methods there are; the servicer's lead to the deployment."""
    for service, methods in RPCS.items():
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            name: grpc.unary_unary_rpc_method_handler(getattr(servicer, name)) for name in methods
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))


class Response(bytes):
    """A message that is serialized already, as Ray asks for one: it calls it as it calls protobuf's."""

    def SerializeToString(self) -> bytes:  # noqa: N802
        """The message's bytes."""
        return bytes(self)


async def answer(
    handler: grpc.RpcMethodHandler[bytes, bytes], request: bytes, context: Any, max_bytes: int
) -> Response:
    """Answer a serialized request that a proxy handed on, by a handler of `rpc_handlers`.

    The status of a refusal is left in `context`, which is Ray's copy of gRPC's.
    """
    if len(request) > max_bytes:
        text = f"Received message larger than max ({len(request)} vs. {max_bytes})"
        _refuse(context, grpc.StatusCode.RESOURCE_EXHAUSTED, text)
        return Response()
    answered: Any = handler.unary_unary  # grpc's types know no method of grpc.aio
    try:
        return Response(await answered(request, _Context(context)))
    except _RefusedError:
        return Response()


def check_health(request: bytes, context: Any) -> Response:
    """grpc.health.v1's Check, answered by a replica: one that answers serves."""
    try:
        service = health_pb2.HealthCheckRequest.FromString(request).service
    except DecodeError:
        service = None
    if service not in NAMES:
        _refuse(context, grpc.StatusCode.NOT_FOUND, "")
        return Response()
    serving = health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)
    return Response(serving.SerializeToString())


class _RefusedError(Exception):
    """What `abort` raises: the context knows why already."""


class _Context:
    """What `kuzov.serve.rpc.gate.Gate` asks of gRPC's context, on Ray's copy of it."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def invocation_metadata(self) -> Metadata:
        metadata: Metadata = self._context.invocation_metadata()
        return metadata

    def time_remaining(self) -> None:
        """Unknown: Ray does not hand the client's deadline on, but cancels the request when it is over."""

    def trailing_metadata(self) -> Metadata:
        metadata: Metadata = self._context.trailing_metadata()
        return metadata

    def set_trailing_metadata(self, metadata: Metadata) -> None:
        self._context.set_trailing_metadata(list(metadata))

    async def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        _refuse(self._context, code, details)
        raise _RefusedError


def _refuse(context: Any, code: grpc.StatusCode, details: str) -> None:
    # An exception would do too, but Ray would write each refused request's traceback into its log.
    context.set_code(code)
    context.set_details(details)
