"""The gRPC server: its services, ports, encryption and end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

import grpc

from kuzov.errors import ConfigError, KuzovError
from kuzov.serve.core import Core
from kuzov.serve.limits import MEBIBYTE, Admission
from kuzov.serve.rpc.gate import COMPUTED, Gate
from kuzov.serve.rpc.model_service import ModelService
from kuzov.serve.rpc.prediction_service import PredictionService
from kuzov.serve.rpc.ssl_config import SslConfig
from kuzov.serve.rpc.standard_services import Health, add_reflection
from kuzov.wire.messages import METHODS, MODEL_SERVICE, PREDICTION_SERVICE

RPCS_BESIDE = 64
"""RPCs let in beside the requests under way: health, status and metadata, and those to be refused."""

MAX_FRAME_BYTES = MEBIBYTE

LOOK_EVERY_S = 0.02
SENDING_S = 0.2
"""Time for the last answers to go out, once they are computed."""

ChannelOptions = Sequence[tuple[str, str | int]]


class GrpcServer:
    """A gRPC server on the event loop."""

    def __init__(
        self, server: grpc.aio.Server, admission: Admission, health: Health | None, tls: SslConfig | None
    ) -> None:
        self._server = server
        self._admission = admission
        self._health = health
        self._credentials = None if tls is None else _credentials(tls)

    def listen(self, address: str) -> int:
        """Take HOST:PORT, where port 0 takes a free one, or unix:PATH; clients are let in by `start`.

        Returns:
            The port; 1 for a Unix socket.

        Raises:
            KuzovError: It can't be had.
        """
        try:
            if self._credentials is None:
                port: int = self._server.add_insecure_port(address)
            else:
                port = self._server.add_secure_port(address, self._credentials)
        except RuntimeError as error:
            text = f"Can't listen on {address}. Stop the program that uses it, or choose another with --port."
            if self._credentials is not None:
                text += " If it is free, the key in --ssl_config_file does not belong to the certificate."
            raise KuzovError(text) from error
        return port

    async def start(self) -> None:
        """Let clients in; the health service says so."""
        await self._server.start()
        if self._health is not None:
            await self._health.serving()

    async def drain(self) -> None:
        """Have the health service say that the server stops; it goes on answering."""
        if self._health is not None:
            await self._health.draining()

    async def stop(self, grace_s: float) -> None:
        """Return when the requests under way are answered, or after the time of grace; nobody is let in then.

        To be called when the admission is closed. It is that which refuses new requests meanwhile, with
        UNAVAILABLE: gRPC itself would answer CANCELLED, which clients do not send again. Only what computes
        is waited for: a stream that watches the server's health would never end.
        """
        await self.drain()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                while self._admission.under_way:
                    await asyncio.sleep(LOOK_EVERY_S)
        await self._server.stop(min(grace_s, SENDING_S))


def grpc_server(core: Core) -> GrpcServer:
    """Build a server on the running event loop. It listens nowhere yet."""
    settings = core.settings
    options: Mapping[str, str | int] = {
        "grpc.max_receive_message_length": settings.limits.max_body_bytes,
        "grpc.max_send_message_length": -1,
        "grpc.so_reuseport": int(settings.workers > 1),
        # gRPC hands a message over frame by frame, and one of a photo's pixels would have fifty.
        "grpc.http2.max_frame_size": MAX_FRAME_BYTES,
        **dict(settings.rpc.channel_options),
    }
    server = grpc.aio.server(
        options=tuple(options.items()),
        maximum_concurrent_rpcs=settings.limits.max_requests + RPCS_BESIDE,
    )
    server.add_generic_rpc_handlers(
        tuple(
            grpc.method_handlers_generic_handler(name, dict(each))
            for name, each in rpc_handlers(core).items()
        )
    )
    add_reflection(server)
    health = Health(server) if settings.rpc.health else None
    return GrpcServer(server, core.admission, health, settings.rpc.tls)


def rpc_handlers(core: Core) -> Mapping[str, Mapping[str, grpc.RpcMethodHandler[bytes, bytes]]]:
    """The handlers of TensorFlow Serving's methods, by service and by name."""
    gate = Gate(core)
    services: Mapping[str, PredictionService | ModelService] = {
        PREDICTION_SERVICE: PredictionService(core),
        MODEL_SERVICE: ModelService(core),
    }
    return {
        name: {
            method: gate.handler(METHODS[name][method].path, answer, computes=method in COMPUTED)
            for method, answer in service.methods.items()
        }
        for name, service in services.items()
    }


def read_channel_arguments(text: str) -> ChannelOptions:
    """Options of gRPC as --grpc_channel_arguments gives them: `name=value,name=value`.

    A value that is a whole number of 32 bits is passed as one.

    Raises:
        ConfigError: A part has no `=`.
    """
    options: list[tuple[str, str | int]] = []
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        if not (name and equals):
            raise ConfigError(
                f"--grpc_channel_arguments: {part!r} is not of the form name=value. "
                "Write for example: grpc.max_connection_age_ms=60000"
            )
        options.append((name, _number(value)))
    return options


def _number(text: str) -> str | int:
    try:
        number = int(text)
    except ValueError:
        return text
    return number if -(2**31) <= number < 2**31 else text


def _credentials(tls: SslConfig) -> grpc.ServerCredentials:
    return grpc.ssl_server_credentials(
        [(tls.server_key, tls.server_cert)],
        root_certificates=tls.custom_ca,
        require_client_auth=tls.client_verify,
    )
