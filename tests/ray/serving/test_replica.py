from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from kuzov.bundle.ready import ready_model
from kuzov.ray.serving.replica import Replica, RestIngress, cores, replica_settings
from kuzov.ray.serving.rpc import RPCS
from kuzov.serve.repository.config import ModelConfig
from kuzov.serve.rest.answer import Answer, send_answer
from kuzov.serve.rest.asgi import Receive, Scope, Send
from kuzov.serve.settings import EngineSettings, ServeSettings
from kuzov.wire import messages
from tests.ray.serving.stand_ins import RayContext, sent

SETTINGS = ServeSettings(models=(ModelConfig(name="img_classifier", base_path=ready_model()),))


@pytest.fixture(scope="module")
def replica() -> Iterator[Replica]:
    with pytest.MonkeyPatch.context() as patch:
        # The process is pytest's, to be left as it is.
        for name in ("configure_logging", "tune_process"):
            patch.setattr(f"kuzov.ray.serving.replica.{name}", lambda *_: None)
        replica = Replica(replica_settings(SETTINGS), "text")
    yield replica
    # The end of the ASGI application is the replica's end, too.
    life = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent(replica.__serve_build_asgi_app__(), "lifespan", life)


def ask(method: Any, request: Any) -> tuple[bytes, RayContext]:
    context = RayContext()
    return asyncio.run(method(request.SerializeToString(), context)).SerializeToString(), context


def test_it_has_every_method_that_a_proxy_may_ask() -> None:
    assert all(hasattr(Replica, name) for methods in RPCS.values() for name in methods)


def test_a_status_is_answered(replica: Replica) -> None:
    request = messages.GetModelStatusRequest(model_spec=messages.ModelSpec(name="img_classifier"))
    response, context = ask(replica.GetModelStatus, request)
    (status,) = messages.GetModelStatusResponse.FromString(response).model_version_status
    assert (status.state, context.code) == (messages.ModelVersionStatus.AVAILABLE, None)


def test_a_model_that_is_not_there(replica: Replica) -> None:
    request = messages.PredictRequest(model_spec=messages.ModelSpec(name="nobody"))
    _, context = ask(replica.Predict, request)
    assert context.code is grpc.StatusCode.NOT_FOUND
    assert context.details == "Servable not found for request: Latest(nobody)"


def test_one_replica_takes_no_new_configuration(replica: Replica) -> None:
    request = messages.ReloadConfigRequest()
    request.config.model_config_list.config.add(name="a", base_path="/a", model_platform="tensorflow")
    _, context = ask(replica.HandleReloadConfigRequest, request)
    assert context.code is grpc.StatusCode.FAILED_PRECONDITION
    assert context.details == (
        "A reload would reach one of several replicas. Change the file of --model_config_file instead, which "
        "all read again every --model_config_file_poll_wait_seconds."
    )


def test_a_replica_whose_thread_has_died_is_not_healthy(
    replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica.check_health()
    monkeypatch.setattr(replica._core.threads, "dead", ("inference-0",))
    with pytest.raises(RuntimeError, match="The thread inference-0 has died"):
        replica.check_health()


def test_a_replica_computes_with_the_cores_that_are_set_aside_for_it() -> None:
    settings = replica_settings(SETTINGS)
    assert (cores(SETTINGS), settings.engine.threads, settings.decode_threads) == (1, 1, 1)
    wide = ServeSettings(models=(), engine=EngineSettings(threads=4), decode_threads=2)
    settings = replica_settings(wide)
    assert (cores(wide), settings.engine.threads, settings.decode_threads) == (4, 4, 2)


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
