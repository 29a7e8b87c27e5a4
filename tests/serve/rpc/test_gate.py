from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import grpc
import pytest
from google.protobuf.message import Message

from kuzov.errors import ErrorCode
from kuzov.serve.limits import Admission, Limits
from kuzov.serve.rpc.gate import STATUS_CODES, details
from kuzov.wire import messages
from tests.serve.rpc.conftest import HALF, KEY, SLOW, Site, api_keys, floats, model_spec, refusal, send

STATUS = messages.GetModelStatusRequest(model_spec=model_spec())
HOW = "Send one in the header Authorization: Bearer KEY, or X-API-Key: KEY."


def trailers(error: grpc.aio.AioRpcError) -> dict[str, str]:
    return {key: value for key, value in error.trailing_metadata() if isinstance(value, str)}


@pytest.mark.parametrize("metadata", [("authorization", f"Bearer {KEY}"), ("x-api-key", KEY)])
def test_a_key_lets_a_request_in(site: Site, tmp_path: Path, metadata: tuple[str, str]) -> None:
    site.keys = api_keys(tmp_path)
    answer = site.run(lambda channel: send(channel, "Predict", HALF, metadata=[metadata]))
    assert list(answer.outputs["y"].float_val) == [2.5]


@pytest.mark.parametrize(("method", "message"), [("Predict", HALF), ("GetModelStatus", STATUS)])
def test_without_a_known_key_a_request_is_refused(
    site: Site, tmp_path: Path, method: str, message: Message
) -> None:
    site.keys = api_keys(tmp_path)
    text = f"This server needs an API key. {HOW}"
    assert refusal(lambda: site.call(method, message)) == ("UNAUTHENTICATED", text)
    assert [record.status for record in site.records] == [ErrorCode.UNAUTHENTICATED]


def test_a_full_server_refuses_what_a_model_computes_and_answers_the_rest(site: Site) -> None:
    site.admission = Admission(0)

    async def scenario(channel: grpc.aio.Channel) -> grpc.aio.AioRpcError:
        await send(channel, "GetModelStatus", STATUS)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await send(channel, "Predict", HALF)
        return caught.value

    error = site.run(scenario)
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert error.details() == "The server has 0 requests under way already. Try again in a second."
    assert trailers(error)["grpc-retry-pushback-ms"] == "1000"


def test_a_request_is_dropped_when_its_deadline_is_over(site: Site) -> None:
    async def scenario(channel: grpc.aio.Channel) -> str:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await send(channel, "Predict", SLOW, timeout=0.6)
        await site.cancelled.wait()
        return str(caught.value.code().name)

    assert site.run(scenario) == "DEADLINE_EXCEEDED"
    assert [record.status for record in site.records] == [ErrorCode.DEADLINE_EXCEEDED]
    assert site.admission.under_way == 0


def test_a_client_without_a_deadline_gets_the_servers(site: Site) -> None:
    site.limits = Limits(request_timeout_s=0.05)
    assert refusal(lambda: site.call("Predict", SLOW)) == (
        "DEADLINE_EXCEEDED",
        "The answer was not ready within 0.05 seconds. Send fewer rows in one request.",
    )
    assert site.cancelled.is_set()


def test_a_request_is_dropped_when_its_client_cancels_it(site: Site) -> None:
    async def scenario(channel: grpc.aio.Channel) -> None:
        waiting = asyncio.ensure_future(send(channel, "Predict", SLOW))
        await site.computing.wait()
        waiting.cancel()
        await site.cancelled.wait()

    site.run(scenario)
    assert [record.status for record in site.records] == [ErrorCode.CANCELLED]
    assert site.admission.under_way == 0


def test_an_unexpected_error_is_logged_and_not_shown(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    broken = messages.PredictRequest(model_spec=model_spec("broken"), inputs={"x": floats(1.0)})
    with caplog.at_level(logging.ERROR):
        assert refusal(lambda: site.call("Predict", broken)) == (
            "INTERNAL",
            "Internal error: the server failed to answer; its log says why.",
        )
    assert "ZeroDivisionError: a secret" in caplog.text
    assert f"request {site.records[0].request_id}" in caplog.text
    assert site.records[0].status is ErrorCode.INTERNAL


@pytest.mark.parametrize("refused", [False, True])
def test_the_request_id_goes_in_and_out(site: Site, refused: bool) -> None:
    message = messages.PredictRequest() if refused else HALF

    async def scenario(channel: grpc.aio.Channel) -> object:
        known = messages.METHODS[messages.PREDICTION_SERVICE]["Predict"]
        predict: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(known.path)
        call = predict(message.SerializeToString(), metadata=[("x-request-id", "abc-1")])
        await call.code()
        return dict(await call.trailing_metadata()).get("x-request-id")

    assert site.run(scenario) == "abc-1"
    assert site.records[0].request_id == "abc-1"


def test_a_request_without_an_id_gets_one(site: Site) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        site.call("Predict", messages.PredictRequest())
    assert trailers(caught.value)["x-request-id"] == site.records[0].request_id


def test_a_broken_message_is_refused(site: Site) -> None:
    assert refusal(lambda: site.run(lambda channel: send(channel, "Predict", b"no message"))) == (
        "INVALID_ARGUMENT",
        "The request is not a tensorflow.serving.PredictRequest message.",
    )


def test_every_code_has_its_namesake() -> None:
    assert STATUS_CODES[ErrorCode.INVALID] is grpc.StatusCode.INVALID_ARGUMENT
    assert {code: status.name for code, status in STATUS_CODES.items()} == {
        code: code.value for code in ErrorCode
    }


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("x" * 1024, "x" * 1024),
        ("x" * 1025, "x" * 1024 + "...TRUNCATED"),
        ("ж" * 513, "ж" * 512 + "...TRUNCATED"),
        ("x" + "ж" * 512, "x" + "ж" * 511 + "...TRUNCATED"),
        ("\ud800", "?"),
    ],
    ids=["whole", "cut", "counted in bytes", "no half letters", "no surrogates"],
)
def test_details_are_cut_as_tensorflow_serving_does(message: str, shown: str) -> None:
    assert details(message) == shown
