"""The server is told to stop, or killed, while clients ask."""

from __future__ import annotations

import http.client
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from kuzov.bundle.layout import SAVED_MODEL
from kuzov.serve.rest.app import CUT_OFF
from kuzov.wire import messages
from tests.chaos.conftest import Start
from tests.chaos.running import (
    Rest,
    channel,
    load,
    predict_call,
    rest_client,
    sleep_request,
    tensor_client,
    until,
)

pytestmark = pytest.mark.slow


def refused_or_closed(ask: Callable[[], tuple[int, Any]]) -> bool:
    """Whether a client is not let in any more."""
    try:
        return ask()[0] == 503
    except (ConnectionError, http.client.HTTPException):
        return True


def test_what_is_under_way_is_answered_and_nothing_new_is_taken_on(start_slow: Start) -> None:
    server = start_slow("--grace=20")
    with (
        Rest(server) as under_way,
        Rest(server) as idle,
        channel(server) as rpc_under_way,
        channel(server) as watching,
        ThreadPoolExecutor(3) as pool,
    ):
        assert idle.send("GET", "/readyz") == (200, {"ready": True})
        request = health_pb2.HealthCheckRequest()
        states = health_pb2_grpc.HealthStub(watching).Watch(request)
        assert next(states).status == health_pb2.HealthCheckResponse.SERVING
        over_rest = pool.submit(under_way.sleep, 1)
        over_rpc = predict_call(rpc_under_way).future(sleep_request(1))
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        assert next(states).status == health_pb2.HealthCheckResponse.NOT_SERVING
        with pytest.raises(grpc.RpcError) as refused:
            predict_call(rpc_under_way)(sleep_request(0), timeout=5)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        assert refused_or_closed(lambda: idle.send("GET", "/readyz"))
        with Rest(server) as late:
            assert refused_or_closed(lambda: late.sleep(0))
        assert over_rest.result()[0] == 200
        assert over_rpc.result().outputs["y"].float_val
        assert server.process.wait(20) == 0  # the time of grace, for what was under way, is 30 s


def test_nothing_fails_but_by_refusal_under_load(start: Start) -> None:
    server = start()
    with load(server, rest_client, rest_client, tensor_client, tensor_client) as asked:
        asked.go_on(3)
        assert server.stop() == 0
        until(lambda: len(asked.broken) == 2)
    # gRPC answers CANCELLED to what comes in the moment in which it closes its connections.
    assert {each.status for each in asked.all} <= {200, 503, "OK", "UNAVAILABLE", "CANCELLED"}
    assert {type(each) for each in asked.broken} <= {
        ConnectionRefusedError,
        ConnectionResetError,
        http.client.RemoteDisconnected,
        BrokenPipeError,
    }


def test_what_takes_longer_than_the_grace_is_cut_off(start_slow: Start) -> None:
    server = start_slow("--grace=0.5")
    with Rest(server) as client, channel(server) as connection, ThreadPoolExecutor(1) as pool:
        over_rest = pool.submit(client.sleep, 60)
        over_rpc = predict_call(connection).future(sleep_request(60))
        time.sleep(0.3)
        assert server.stop(timeout_s=20) == 0
        assert over_rest.result() == (503, {"error": CUT_OFF})
        assert over_rpc.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}


def test_a_killed_server_starts_again_at_once(start: Start, base_path: Path, tmp_path: Path) -> None:
    server = start(f"--grpc-socket-path={tmp_path / 'socket'}")
    before = {file.relative_to(tmp_path) for file in tmp_path.rglob("*")}
    with load(server, rest_client, tensor_client) as asked:
        asked.go_on(3)
        server.process.kill()
        server.process.wait()
    assert {each.status for each in asked.all} <= {200, "OK", "UNAVAILABLE"}
    again = start(
        f"--grpc-socket-path={tmp_path / 'socket'}",
        f"--port={server.rpc_port}",
        f"--rest-api-port={server.rest_port}",
    )
    assert (again.rpc_port, again.rest_port) == (server.rpc_port, server.rest_port)
    with load(again, rest_client, tensor_client) as asked:
        asked.go_on(3)
    assert asked.failed == []
    assert {file.relative_to(tmp_path) for file in tmp_path.rglob("*")} == before
    assert again.stop() == 0


def test_a_reload_that_waits_does_not_hold_the_end_up(start: Start, tmp_path: Path) -> None:
    server = start("--grace=0.5")
    broken = tmp_path / "broken" / "1"
    broken.mkdir(parents=True)
    (broken / SAVED_MODEL).touch()
    request = messages.ReloadConfigRequest()
    request.config.model_config_list.config.add(
        name="broken", base_path=str(broken.parent), model_platform="tensorflow"
    )
    method = messages.METHODS[messages.MODEL_SERVICE]["HandleReloadConfigRequest"]
    with channel(server) as connection:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = connection.unary_unary(method.path)
        waiting = call.future(request.SerializeToString())
        until(lambda: "It is tried again in 60 s." in server.log.read_text(encoding="utf-8"))
        assert not waiting.done()
        assert server.stop() == 0
