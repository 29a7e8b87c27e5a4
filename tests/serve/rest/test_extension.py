from __future__ import annotations

import asyncio

import pytest

from kuzov.serve.limits import Limits
from kuzov.serve.rest.answer import Answer
from kuzov.serve.rest.request import Request
from tests.serve.rest.port import Port, error

WHOLE_BODY = {"type": "http.request", "body": b"photo", "more_body": False}
LEFT = {"type": "http.disconnect"}


class Endless:
    """Answers at /endless, and never is done with it."""

    max_body_bytes = 100

    def __init__(self, port: Port) -> None:
        self.port = port
        self.places: list[int] = []
        self.given_up = False

    def owns(self, path: str) -> bool:
        return path == "/endless"

    def is_open(self, _path: str) -> bool:
        return True

    async def answer(self, _request: Request, _body: bytes) -> Answer:
        self.places.append(self.port.admission.under_way)
        try:
            await asyncio.Event().wait()
        finally:
            self.given_up = True
        return Answer(body=b"")

    def close(self) -> None:
        pass


@pytest.fixture
def endless(port: Port) -> Endless:
    endless = Endless(port)
    port.extensions = [endless]
    return endless


def test_an_answer_has_the_time_that_every_request_has(port: Port, endless: Endless) -> None:
    port.limits = Limits(request_timeout_s=0.01)
    text = "The answer was not ready within 0.01 seconds. Try again in a while."
    assert error(port.ask_slowly([WHOLE_BODY], target=b"/endless")) == (504, text)
    assert endless.given_up


def test_the_work_for_a_client_that_left_is_given_up_and_its_place_free(port: Port, endless: Endless) -> None:
    assert port.ask_slowly([WHOLE_BODY, LEFT], target=b"/endless") == []
    assert endless.given_up
    assert port.records[0].http_status == 499
    assert (endless.places, port.admission.under_way) == ([1], 0)
