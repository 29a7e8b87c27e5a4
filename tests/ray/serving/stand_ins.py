"""What stands for Ray in tests: the callers of an ASGI application, and gRPC's context."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import grpc

from kuzov.serve.rest.asgi import ASGIApp, Message


def sent(app: ASGIApp, kind: str, received: Sequence[Message] = ()) -> list[Message]:
    """What the application sends for a scope of this type."""
    messages: list[Message] = []
    waiting = list(received)

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        messages.append(message)

    async def run() -> None:
        await app({"type": kind}, receive, send)

    asyncio.run(run())
    return messages


class RayContext:
    """Ray's copy of gRPC's context, as far as it is asked."""

    def __init__(self) -> None:
        self.code: grpc.StatusCode | None = None
        self.details = ""
        self.trailing: list[tuple[str, str]] = [("request_id", "of Ray")]

    def invocation_metadata(self) -> list[tuple[str, str]]:
        return [("x-api-key", "k")]

    def trailing_metadata(self) -> list[tuple[str, str]]:
        return self.trailing

    def set_trailing_metadata(self, metadata: list[tuple[str, str]]) -> None:
        self.trailing += metadata

    def set_code(self, code: grpc.StatusCode) -> None:
        self.code = code

    def set_details(self, details: str) -> None:
        self.details = details
