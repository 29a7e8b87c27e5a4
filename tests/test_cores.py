from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kuzov import cores
from kuzov.cores import MOST_AHEAD, a_few_ahead


@pytest.fixture(autouse=True)
def four_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1, 2, 3})
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(cores, "CGROUP", tmp_path)
    cores.usable_cores.cache_clear()
    yield
    cores.usable_cores.cache_clear()


@pytest.mark.parametrize(
    ("limit", "usable", "if_limited"),
    [
        ("max 100000", 4, 0),
        ("200000 100000", 2, 2),
        ("150000 100000", 2, 2),
        ("10000 100000", 1, 1),
        ("800000 100000", 4, 0),
    ],
)
def test_a_container_s_quota_counts(tmp_path: Path, limit: str, usable: int, if_limited: int) -> None:
    (tmp_path / "cpu.max").write_text(limit + "\n")
    assert (cores.usable_cores(), cores.cores_if_limited()) == (usable, if_limited)


@pytest.mark.parametrize(("quota", "usable"), [("-1", 4), ("300000", 3)])
def test_so_does_one_of_version_1(tmp_path: Path, quota: str, usable: int) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota + "\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert cores.usable_cores() == usable


def test_without_control_groups_all_cores_that_it_may_run_on_count(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cores.usable_cores() == 4
    cores.usable_cores.cache_clear()
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {1})
    assert (cores.usable_cores(), cores.cores_if_limited()) == (1, 1)


def test_threads_are_only_a_few_items_ahead() -> None:
    made: list[int] = []
    items = a_few_ahead(made.append, range(10 * MOST_AHEAD))
    next(items)
    assert len(made) <= MOST_AHEAD


def test_where_nobody_wants_more_what_is_not_begun_is_not_made() -> None:
    made, closing = [], threading.Event()

    def make(number: int) -> None:
        if number:
            closing.wait(60)
        made.append(number)

    items = a_few_ahead(make, range(10 * MOST_AHEAD))
    next(items)
    threading.Timer(0.2, closing.set).start()  # when all that is not begun has been cancelled
    items.close()
    assert len(made) < MOST_AHEAD


def test_what_is_made_comes_in_the_order_of_the_items() -> None:
    def late(number: int) -> int:
        time.sleep((number % 3) / 1000)
        return -number

    assert [*a_few_ahead(late, range(2 * MOST_AHEAD + 1))] == [-each for each in range(2 * MOST_AHEAD + 1)]
