from __future__ import annotations

from typing import Any

from kuzov.ray.serving.rest import RestIngress
from kuzov.serve.rest.answer import Answer, send_answer
from kuzov.serve.rest.asgi import Receive, Scope, Send
from tests.ray.serving.stand_ins import sent


async def hello(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send_answer(send, Answer(body=b"hello", headers=(("x-request-id", "7"), ("vary", "*"))))


def closed(closes: list[Any]) -> RestIngress:
    return RestIngress(hello, lambda: closes.append("closed"))


def test_the_proxy_names_the_request_and_not_the_replica_too() -> None:
    start, body = sent(closed([]), "http")
    assert dict(start["headers"]) == {
        b"content-type": b"application/json",
        b"content-length": b"5",
        b"vary": b"*",
    }
    assert body["body"] == b"hello"


def test_the_core_is_closed_when_the_replica_ends() -> None:
    closes: list[Any] = []
    life = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    messages = sent(closed(closes), "lifespan", life)
    assert [each["type"] for each in messages] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert closes == ["closed"]


def test_a_websocket_is_refused() -> None:
    assert sent(closed([]), "websocket") == [{"type": "websocket.close"}]
