"""A replica: the server's core, asked by Ray Serve's proxies rather than on ports of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from kuzov.ray.serving.rpc import Response, answer, check_health
from kuzov.serve.core import engine_loader, open_core
from kuzov.serve.monitoring.log import LogForm, configure_logging
from kuzov.serve.process import tune_process
from kuzov.serve.rest.app import RestApp
from kuzov.serve.rest.asgi import ASGIApp, Message, Receive, Scope, Send
from kuzov.serve.rpc.grpc_server import rpc_handlers
from kuzov.serve.settings import ServeSettings

_Method = Callable[[Any, bytes, Any], Awaitable[Response]]


def _rpc(name: str) -> _Method:
    async def method(self: Replica, request: bytes, grpc_context: Any) -> Response:
        return await answer(self.handlers[name], request, grpc_context, self.max_bytes)

    method.__name__ = method.__qualname__ = name
    return method


class Replica:
    """Answers what the proxies of its cluster take, until Ray ends it.

    Each replica looks at the models' folders itself, as a server of its own does, and swaps versions while
    requests go on.
    """

    def __init__(self, settings: ServeSettings, log_format: LogForm) -> None:
        """Load the models."""
        configure_logging(log_format)
        tune_process()
        self._stack = ExitStack()
        opened = open_core(settings, engine_loader(settings), peers="replicas")
        self._core = self._stack.enter_context(opened)
        self.max_bytes = settings.limits.max_body_bytes
        by_service = rpc_handlers(self._core)
        self.handlers = {name: each for methods in by_service.values() for name, each in methods.items()}

    def __serve_build_asgi_app__(self) -> ASGIApp:
        """The REST port; Ray calls it once, after the constructor."""
        core = self._core
        extensions = [each(core.service) for each in core.settings.rest.extensions]
        for extension in extensions:
            self._stack.callback(extension.close)
        return RestIngress(RestApp(core, extensions), self._stack.close)

    Predict = _rpc("Predict")
    Classify = _rpc("Classify")
    Regress = _rpc("Regress")
    MultiInference = _rpc("MultiInference")
    GetModelMetadata = _rpc("GetModelMetadata")
    GetModelStatus = _rpc("GetModelStatus")
    HandleReloadConfigRequest = _rpc("HandleReloadConfigRequest")

    def check_health(self) -> None:
        """Ray asks again and again, and puts another replica in the place of one that raises."""
        if self._core.threads.dead:
            raise RuntimeError(self._core.why_not_ready())

    async def Check(self, request: bytes, grpc_context: Any) -> Response:  # noqa: N802 - gRPC's name
        """grpc.health.v1's Check."""
        return check_health(request, grpc_context)


def replica_settings(settings: ServeSettings) -> ServeSettings:
    """The settings as a replica has them: it computes with the cores that Ray sets aside for it."""
    threads = cores(settings)
    engine = replace(settings.engine, threads=threads)
    return replace(settings, engine=engine, decode_threads=settings.decode_threads or threads)


def cores(settings: ServeSettings) -> int:
    """Cores of a replica: as many as one inference has threads; one where the settings leave it open."""
    return settings.engine.threads or 1


class RestIngress:
    """The REST port as Ray Serve's HTTP proxies ask for it: an application with a beginning and an end."""

    def __init__(self, app: ASGIApp, close: Callable[[], None]) -> None:
        """Wrap a `RestApp`; `close` is called once, when the replica has answered its last request."""
        self._app = app
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or follow the replica's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            await self._app(scope, receive, _without_request_id(send))

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._close()
        await send({"type": "lifespan.shutdown.complete"})


def _without_request_id(send: Send) -> Send:
    """The proxy gives the request's id back itself: the one that came, or that it made up and sent on."""

    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [each for each in message["headers"] if each[0] != b"x-request-id"]
        await send(message)

    return send_on
