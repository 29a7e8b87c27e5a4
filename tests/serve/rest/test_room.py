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
    size: int, patience_s: float = FOR_EVER
) -> Callable[[Callable[[Enter], Coroutine[Any, Any, None]]], Callable[[], None]]:
    """Make a test of a story of bodies that enter a room."""

    def make(story: Callable[[Enter], Coroutine[Any, Any, None]]) -> Callable[[], None]:
        async def run() -> None:
            room = Room(size, patience_s)

            async def enter(body: int) -> ExitStack:
                held = ExitStack()
                held.enter_context(await room.enter(body))
                return held

            await story(enter)

        return lambda: asyncio.run(run())

    return make


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@in_a_room(2 * LARGE)
async def test_bodies_that_fit_go_in_together(enter: Enter) -> None:
    with await enter(LARGE), await enter(LARGE):
        pass


@in_a_room(2 * LARGE)
async def test_the_next_one_waits_until_there_is_room(enter: Enter) -> None:
    first, second = await enter(LARGE), await enter(LARGE)
    third = asyncio.create_task(enter(LARGE))
    await turn()
    assert not third.done()
    second.close()
    (await third).close()
    first.close()


@in_a_room(2 * LARGE)
async def test_a_smaller_one_does_not_overtake(enter: Enter) -> None:
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


@in_a_room(LARGE)
async def test_small_bodies_never_wait(enter: Enter) -> None:
    with await enter(LARGE), await enter(SMALL_BYTES - 1), await enter(0):
        pass


@in_a_room(LARGE)
async def test_a_body_larger_than_the_room_has_it_to_itself(enter: Enter) -> None:
    with await enter(5 * LARGE):
        other = asyncio.create_task(enter(LARGE))
        await turn()
        assert not other.done()
    (await other).close()


@in_a_room(LARGE, patience_s=0.01)
async def test_where_nobody_leaves_the_next_one_goes_in_all_the_same(enter: Enter) -> None:
    first = await enter(LARGE)
    second, third = await asyncio.gather(enter(LARGE), enter(LARGE))
    for held in (first, second, third):
        held.close()
    with await enter(LARGE):  # what was let in beyond the bound was counted, too
        last = asyncio.create_task(enter(LARGE))
        await turn()
        assert not last.done()
        last.cancel()


@in_a_room(LARGE)
async def test_who_gives_up_leaves_the_line(enter: Enter) -> None:
    first = await enter(LARGE)
    impatient, patient = asyncio.create_task(enter(LARGE)), asyncio.create_task(enter(LARGE))
    await turn()
    impatient.cancel()
    first.close()
    (await patient).close()
    assert impatient.cancelled()


@in_a_room(LARGE)
async def test_who_gives_up_when_its_turn_comes_leaves_room_for_the_next(enter: Enter) -> None:
    first = await enter(LARGE)
    impatient, patient = asyncio.create_task(enter(LARGE)), asyncio.create_task(enter(LARGE))
    await turn()
    first.close()  # its turn has come, but it has not run yet
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    (await patient).close()
