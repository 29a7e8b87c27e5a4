from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from kuzov.bundle.card import read_card
from kuzov.bundle.ready import ready_model
from kuzov.errors import ErrorCode, OverloadedError, RequestError
from kuzov.serve.rest.answer import Answer
from kuzov.web.saliency import WAITING, SaliencyProcess
from tests.web.port import service_of

Result = TypeVar("Result")
CARD = read_card(ready_model() / "1")
# Answers a photo "X" with its own process's id and the bundle's folder, later a photo "SLOW", a photo "STUCK"
# never, and ends at a photo "END".
CHILD = """
import json, os, sys, time
while line := sys.stdin.buffer.readline():
    question = json.loads(line)
    photo = sys.stdin.buffer.read(question["bytes"])
    if photo == b"END":
        break
    time.sleep({b"SLOW": 0.2, b"STUCK": 600}.get(photo, 0))
    bad = {"error": "photo: is empty", "code": "INVALID", "reason": "empty_image"} if not photo else {}
    body = b"" if bad else f"{photo.decode()} {os.getpid()} {question['folder']}".encode()
    sys.stdout.buffer.write(json.dumps({"bytes": len(body), **bad}).encode() + b"\\n" + body)
    sys.stdout.buffer.flush()
"""
COMMAND = (sys.executable, "-c", CHILD)
ENDED = "What shows where the model looked ended unexpectedly; the server's log may tell why. Try again."


def with_process(
    question: Callable[[SaliencyProcess], Awaitable[Result]],
    *,
    idle_s: float = 60,
    command: tuple[str, ...] = COMMAND,
) -> Result:
    async def ask() -> Result:
        process = SaliencyProcess(idle_s=idle_s, command=command)
        try:
            return await question(process)
        finally:
            await ended(process)

    return asyncio.run(ask())


async def ended(process: SaliencyProcess) -> None:
    """End the process, and let the event loop see that it is gone."""
    running = process._process
    process.close()
    if running is not None:
        await running.wait()
        running._transport.close()  # type: ignore[attr-defined]


def draw(process: SaliencyProcess, photo: bytes = b"X", folder: Path = Path("/m/7")) -> Awaitable[Answer]:
    return process.answer(service_of(CARD, folder), "cars", 7, photo)


def test_one_process_answers_one_question_after_the_other() -> None:
    async def ask(process: SaliencyProcess) -> list[Answer]:
        return await asyncio.gather(*(draw(process, b"%d" % number) for number in range(3)))

    answers = with_process(ask)
    texts = [answer.body.decode().split() for answer in answers]
    assert [(number, folder) for number, _, folder in texts] == [(str(number), "/m/7") for number in range(3)]
    assert len({process for _, process, _ in texts}) == 1
    assert answers[0].content_type == "image/webp"


def test_a_photo_that_cant_be_read_is_told_and_the_next_one_drawn() -> None:
    async def ask(process: SaliencyProcess) -> Answer:
        with pytest.raises(RequestError) as caught:
            await draw(process, b"")
        assert (caught.value.code, str(caught.value)) == (ErrorCode.INVALID, "photo: is empty")
        assert caught.value.reason == "empty_image"
        return await draw(process)

    assert with_process(ask).body.startswith(b"X ")


@pytest.mark.parametrize("photo", [b"END", b"STUCK"])
def test_a_process_that_broke_down_or_is_stuck_is_replaced(photo: bytes) -> None:
    async def ask(process: SaliencyProcess) -> tuple[Answer, Answer]:
        before = await draw(process)
        process._patience_s = 0.01 if photo == b"STUCK" else 60
        with pytest.raises(RequestError) as caught:
            await asyncio.wait_for(draw(process, photo), 10)
        assert (caught.value.code, str(caught.value)) == (ErrorCode.INTERNAL, ENDED)
        process._patience_s = 60
        return before, await draw(process)

    before, after = with_process(ask)
    assert before.body != after.body


def test_a_question_that_is_given_up_leaves_the_process_to_the_next() -> None:
    async def ask(process: SaliencyProcess) -> tuple[Answer, Answer]:
        before = await draw(process)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(draw(process, b"SLOW"), 0.01)
        return before, await draw(process)

    before, after = with_process(ask)
    assert before.body == after.body


def test_a_process_that_does_not_start_is_told() -> None:
    async def ask(process: SaliencyProcess) -> None:
        with pytest.raises(RequestError) as caught:
            await draw(process)
        assert str(caught.value) == ENDED

    with_process(ask, command=("/no/such/program",))


def test_an_idle_process_ends() -> None:
    async def ask(process: SaliencyProcess) -> int | None:
        await draw(process)
        running = process._process
        assert running is not None
        return await running.wait()

    assert with_process(ask, idle_s=0.01) == -9


def test_no_more_may_wait_than_is_sensible() -> None:
    async def ask(process: SaliencyProcess) -> list[Answer | BaseException]:
        questions = [draw(process) for _ in range(WAITING + 1)]
        return await asyncio.gather(*questions, return_exceptions=True)

    *answers, last = with_process(ask)
    assert all(isinstance(each, Answer) for each in answers)
    assert isinstance(last, OverloadedError)
    assert str(last) == "Others wait to see where the model looked; try again in a moment."
