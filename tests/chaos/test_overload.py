"""Ten times what the server can do: it refuses at once what is too much, and goes on with the rest."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import grpc
import pytest

from kuzov.wire import messages
from tests.chaos.conftest import Start
from tests.chaos.running import LONG, PHOTO, Server, photo_request

pytestmark = pytest.mark.slow

OVERLOAD_S = 20.0 if LONG else 4.0
TIMES = 10
REST_CLIENTS, RPC_CLIENTS = 300, 60  # more than the server takes on at a time
MEASURE_S = 1.5

ANSWERED = {"200", "OK"}
REFUSED = {"503", "RESOURCE_EXHAUSTED"}
Ask: TypeAlias = Callable[[], Coroutine[Any, Any, str]]

_REST_REQUEST = (
    b"POST /v1/models/m:predict HTTP/1.1\r\nHost: h\r\nContent-Type: image/jpeg\r\n"
    b"Content-Length: %d\r\n\r\n" % len(PHOTO) + PHOTO
)


@dataclass
class Tally:
    """How long each request took, by its status."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    def count(self, statuses: set[str]) -> int:
        return sum(len(self.seconds.get(status, ())) for status in statuses)


@asynccontextmanager
async def rest_asker(server: Server) -> AsyncIterator[Ask]:
    """Sends the photo over one REST connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.rest_port)

    async def ask() -> str:
        writer.write(_REST_REQUEST)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        status = head.split(b" ", 2)[1].decode()
        assert (status == "503") == (b"\r\nretry-after: 1\r\n" in head)
        assert body.keys() == ({"predictions"} if status == "200" else {"error"})
        return status

    try:
        yield ask
    finally:
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def rpc_askers(server: Server) -> AsyncIterator[Ask]:
    """Sends the photo over gRPC; one connection carries many requests at a time."""
    request = photo_request(PHOTO)
    method = messages.METHODS[messages.PREDICTION_SERVICE]["Predict"]
    async with grpc.aio.insecure_channel(
        f"127.0.0.1:{server.rpc_port}", options=[("grpc.enable_retries", 0)]
    ) as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method.path)

        async def ask() -> str:
            try:
                await call(request)
            except grpc.aio.AioRpcError as error:
                return str(error.code().name)
            return "OK"

        yield ask


async def offer(asks: list[Ask], seconds: float, rate: float | None = None) -> Tally:
    """Have clients ask for a time: so many requests a second, or each as soon as it is answered."""
    tally, start = Tally(), time.monotonic()
    due: Iterator[float] = (
        itertools.count() if rate is None else (start + n / rate for n in itertools.count())
    )

    async def ask_on(ask: Ask) -> None:
        while (now := time.monotonic()) < start + seconds:
            if rate is not None:
                await asyncio.sleep(next(due) - now)
            began = time.monotonic()
            status = await ask()
            tally.seconds.setdefault(status, []).append(time.monotonic() - began)

    async with asyncio.TaskGroup() as clients:
        for ask in asks:
            clients.create_task(ask_on(ask))
    return tally


@asynccontextmanager
async def clients(server: Server, over_rest: int, over_rpc: int = 0) -> AsyncIterator[list[Ask]]:
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(rest_asker(server)) for _ in range(over_rest)]
        yield found + [await stack.enter_async_context(rpc_askers(server))] * over_rpc


async def peak_of(server: Server, task: asyncio.Task[Tally]) -> float:
    """The most memory that the server has until a task ends, in MiB."""
    peak = 0.0
    while not task.done():
        peak = max(peak, server.resident_mib)
        await asyncio.sleep(0.1)
    return peak


async def overload(server: Server) -> dict[str, float]:
    async with clients(server, 16) as few, clients(server, REST_CLIENTS, RPC_CLIENTS) as many:
        await offer(few, 0.5)
        before = (await offer(few, MEASURE_S)).count(ANSWERED) / MEASURE_S
        memory = server.resident_mib
        too_much = asyncio.create_task(offer(many, OVERLOAD_S, TIMES * before))
        peak = await peak_of(server, too_much)
        during = too_much.result()
        await asyncio.sleep(1)
        after = (await offer(few, MEASURE_S)).count(ANSWERED) / MEASURE_S
    assert during.seconds.keys() <= ANSWERED | REFUSED
    refusals = [seconds for status in REFUSED for seconds in during.seconds[status]]
    median = {status: 1000 * statistics.median(each) for status, each in during.seconds.items()}
    return {
        "offered a second": sum(map(len, during.seconds.values())) / OVERLOAD_S,
        "answered a second before": before,
        "answered a second during": during.count(ANSWERED) / OVERLOAD_S,
        "answered a second after": after,
        "refusals": len(refusals),
        "median ms of an answer over REST": median["200"],
        "median ms of a refusal over REST": median["503"],
        "median ms of an answer over gRPC": median["OK"],
        "median ms of a refusal over gRPC": median["RESOURCE_EXHAUSTED"],
        "longest ms of a refusal": 1000 * max(refusals),
        "MiB before": memory,
        "MiB at most": peak,
    }


def test_overload(start: Start) -> None:
    server = start()
    found = asyncio.run(overload(server))
    print(json.dumps(found, indent=1))  # noqa: T201, for `pytest -s`
    assert found["refusals"] > found["answered a second before"]
    assert found["median ms of a refusal over REST"] < 0.5 * found["median ms of an answer over REST"]
    assert found["median ms of a refusal over gRPC"] < found["median ms of an answer over gRPC"]
    # By far, as other tests may have one of the cores for a part of the time.
    assert found["answered a second during"] > 0.1 * found["answered a second before"]
    assert found["answered a second after"] > 0.25 * found["answered a second before"]
    assert found["MiB at most"] < found["MiB before"] + 150
    assert server.stop() == 0
