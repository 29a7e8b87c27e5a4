"""The REST port as Ray Serve's HTTP proxies ask for it: an ASGI application with a beginning and an end."""

from __future__ import annotations

from collections.abc import Callable

from kuzov.serve.rest.asgi import ASGIApp, Message, Receive, Scope, Send


class RestIngress:
    """An ASGI application around `kuzov.serve.rest.app.rest_app`."""

    def __init__(self, app: ASGIApp, close: Callable[[], None]) -> None:
        """Wrap an application; `close` is called once, when the replica has answered its last request."""
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
