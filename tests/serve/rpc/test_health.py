from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from kuzov.serve.rpc.health import NAMES
from tests.serve.rpc.conftest import Site, api_keys


async def states(channel: grpc.aio.Channel) -> set[str]:
    health = health_pb2_grpc.HealthStub(channel)
    answers = [await health.Check(health_pb2.HealthCheckRequest(service=name)) for name in NAMES]
    return {health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status) for answer in answers}


def test_the_names_are_tensorflow_servings_and_the_services_own() -> None:
    assert set(NAMES) == {
        "",
        "ModelService",
        "PredictionService",
        "tensorflow.serving.ModelService",
        "tensorflow.serving.PredictionService",
    }


def test_who_watches_does_not_hold_the_end_up(site: Site) -> None:
    async def scenario() -> list[int]:
        server = site.server()
        port = server.listen("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            watching = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
            found = [(await watching.read()).status]
            async with asyncio.timeout(10):
                await server.stop(3600)
            return [*found, (await watching.read()).status]

    state = health_pb2.HealthCheckResponse
    assert asyncio.run(scenario()) == [state.SERVING, state.NOT_SERVING]


def test_a_server_serves_until_it_is_drained(site: Site, tmp_path: Path) -> None:
    site.keys = api_keys(tmp_path)

    async def scenario() -> tuple[set[str], set[str]]:
        server = site.server()
        port = server.listen("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            before = await states(channel)
            await server.drain()
            after = await states(channel)
        await server.stop(0)
        return before, after

    assert asyncio.run(scenario()) == ({"SERVING"}, {"NOT_SERVING"})


def test_an_unknown_service_has_no_health(site: Site) -> None:
    async def scenario(channel: grpc.aio.Channel) -> None:
        await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service="Other"))

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        site.run(scenario)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
