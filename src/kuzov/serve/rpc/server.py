"""The gRPC server: its services, ports, encryption and end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress

import grpc

from kuzov.errors import ConfigError, KuzovError
from kuzov.serve.admission import Admission
from kuzov.serve.limits import MEBIBYTE, Limits
from kuzov.serve.rpc.gate import Gate, Journals, Keys
from kuzov.serve.rpc.health import Health
from kuzov.serve.rpc.model_service import ModelService, Reloads
from kuzov.serve.rpc.off_loop import OffLoop
from kuzov.serve.rpc.prediction_service import PredictionService
from kuzov.serve.rpc.reflection import add_reflection
from kuzov.serve.rpc.ssl_config import SslConfig
from kuzov.serve.service import Service
from kuzov.wire.messages import MODEL_SERVICE, PREDICTION_SERVICE

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
        """Take a port or a Unix socket; clients are let in by `start`.

        Args:
            address: HOST:PORT, where port 0 takes a free one; or unix:PATH.

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


def grpc_server(
    service: Service,
    repository: Reloads,
    *,
    admission: Admission,
    limits: Limits,
    journal: Journals,
    decode_pool: Executor,
    keys: Keys | None = None,
    tls: SslConfig | None = None,
    tensor_content: bool = False,
    channel_options: ChannelOptions = (),
    share_port: bool = False,
    health: bool = True,
) -> GrpcServer:
    """Build a server on the running event loop. It listens nowhere yet.

    Args:
        service: Answers the requests.
        repository: Is told to serve other models by HandleReloadConfigRequest.
        admission: Counts the requests under way.
        limits: Bounds on requests.
        journal: Keeps a record of every request.
        decode_pool: Reads large requests and writes large answers.
        keys: Who may use it; None for everyone. Health and reflection are free to all.
        tls: Its key and certificates; None for plain text.
        tensor_content: Whether answers carry tensors as tensor_content rather than in typed fields.
        channel_options: gRPC's own options; they go over those that are set here.
        share_port: Whether other processes may listen on the same port, to share the work.
        health: Whether grpc.health.v1 is answered.
    """
    options: Mapping[str, str | int] = {
        "grpc.max_receive_message_length": limits.max_body_bytes,
        "grpc.max_send_message_length": -1,
        "grpc.so_reuseport": int(share_port),
        # gRPC hands a message over frame by frame, and one of a photo's pixels would have fifty.
        "grpc.http2.max_frame_size": MAX_FRAME_BYTES,
        **dict(channel_options),
    }
    server = grpc.aio.server(
        options=tuple(options.items()), maximum_concurrent_rpcs=limits.max_requests + RPCS_BESIDE
    )
    gate = Gate(admission=admission, limits=limits, journal=journal, keys=keys)
    handlers = rpc_handlers(
        service, repository, gate=gate, decode_pool=decode_pool, tensor_content=tensor_content
    )
    server.add_generic_rpc_handlers(
        tuple(grpc.method_handlers_generic_handler(name, each) for name, each in handlers.items())
    )
    add_reflection(server)
    return GrpcServer(server, admission, Health(server) if health else None, tls)


def rpc_handlers(
    service: Service, repository: Reloads, *, gate: Gate, decode_pool: Executor, tensor_content: bool
) -> Mapping[str, Mapping[str, grpc.RpcMethodHandler]]:
    """The handlers of TensorFlow Serving's methods, by service and by name; as `grpc_server`."""
    off_loop = OffLoop(decode_pool)
    prediction = PredictionService(service, gate.limits, off_loop, tensor_content=tensor_content)
    return {
        PREDICTION_SERVICE: prediction.handlers(gate),
        MODEL_SERVICE: ModelService(service, repository).handlers(gate),
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
