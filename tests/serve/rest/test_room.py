from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any

import pytest

from kuzov.serve.rest.room import SMALL_BYTES, Room

LARGE = 1_000_000
FOR_EVER = 1_000.0

Enter = Callable[[int], Coroutine[Any, Any, ExitStack]]


def in_a_room(
    story: Callable[[Enter], Coroutine[Any, Any, None]], size: int, patience_s: float = FOR_EVER
) -> None:
    async def run() -> None:
        room = Room(size, patience_s)

        async def enter(body: int) -> ExitStack:
            held = ExitStack()
            held.enter_context(await room.enter(body))
            return held

        await story(enter)

    asyncio.run(run())


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_bodies_that_fit_go_in_together() -> None:
    async def story(enter: Enter) -> None:
        with await enter(LARGE), await enter(LARGE):
            pass

    in_a_room(story, 2 * LARGE)


def test_the_next_one_waits_until_there_is_room() -> None:
    async def story(enter: Enter) -> None:
        first, second = await enter(LARGE), await enter(LARGE)
        third = asyncio.create_task(enter(LARGE))
        await turn()
        assert not third.done()
        second.close()
        (await third).close()
        first.close()

    in_a_room(story, 2 * LARGE)


def test_a_smaller_one_does_not_overtake() -> None:
    async def story(enter: Enter) -> None:
        first = await enter(LARGE)
        large, smaller = asyncio.create_task(enter(2 * LARGE)), asyncio.create_task(enter(LARGE))
        await turn()
        assert (large.done(), smaller.done()) == (False, False)
        first.close()
        held = await large
        await turn()
        assert not smaller.done()
        held.close()
        (await smaller).close()

    in_a_room(story, 2 * LARGE)


def test_small_bodies_never_wait() -> None:
    async def story(enter: Enter) -> None:
        with await enter(LARGE), await enter(SMALL_BYTES - 1), await enter(0):
            pass

    in_a_room(story, LARGE)


def test_a_body_larger_than_the_room_has_it_to_itself() -> None:
    async def story(enter: Enter) -> None:
        with await enter(5 * LARGE):
            other = asyncio.create_task(enter(LARGE))
            await turn()
            assert not other.done()
        (await other).close()

    in_a_room(story, LARGE)


def test_where_nobody_leaves_the_next_one_goes_in_all_the_same() -> None:
    async def story(enter: Enter) -> None:
        first = await enter(LARGE)
        second, third = await asyncio.gather(enter(LARGE), enter(LARGE))
        for held in (first, second, third):
            held.close()
        with await enter(LARGE):  # what was let in beyond the bound was counted, too
            last = asyncio.create_task(enter(LARGE))
            await turn()
            assert not last.done()
            last.cancel()

    in_a_room(story, LARGE, patience_s=0.01)


def test_who_gives_up_leaves_the_line() -> None:
    async def story(enter: Enter) -> None:
        first = await enter(LARGE)
        impatient, patient = asyncio.create_task(enter(LARGE)), asyncio.create_task(enter(LARGE))
        await turn()
        impatient.cancel()
        first.close()
        (await patient).close()
        assert impatient.cancelled()

    in_a_room(story, LARGE)


def test_who_gives_up_when_its_turn_comes_leaves_room_for_the_next() -> None:
    async def story(enter: Enter) -> None:
        first = await enter(LARGE)
        impatient, patient = asyncio.create_task(enter(LARGE)), asyncio.create_task(enter(LARGE))
        await turn()
        first.close()  # its turn has come, but it has not run yet
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        (await patient).close()

    in_a_room(story, LARGE)
