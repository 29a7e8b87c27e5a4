from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import cast

import pytest

from kuzov.bulk.plan import Plan
from kuzov.errors import ResultsError


def test_what_is_done_or_named_twice_is_left_out() -> None:
    with closing(Plan()) as plan:
        plan.leave_out(["b", "gone"])
        for photo in ["c", "a", "b", "c"]:
            plan.add(photo)
        assert (plan.listed, plan.left) == (4, 2)
        assert [plan.holds(photo) for photo in ("a", "b", "d")] == [True, True, False]
        assert list(plan.photos(by_name=False)) == ["c", "a"]
        assert list(plan.photos(by_name=True)) == ["a", "c"]


def test_a_name_of_any_bytes_comes_back_and_is_known_by_what_results_hold() -> None:
    name = b"\xff.jpg".decode(errors="surrogateescape")
    with closing(Plan()) as plan:
        plan.add(name)
        assert list(plan.photos(by_name=True)) == [name]
    with closing(Plan()) as plan:
        plan.leave_out(["\\udcff.jpg"])  # as Parquet has it
        plan.add(name)
        assert plan.left == 0


def test_no_room_for_the_temporary_file() -> None:
    with closing(Plan()) as plan:
        plan._database.execute("COMMIT")
        plan._database.execute("PRAGMA max_page_count = 4")
        with pytest.raises(ResultsError) as raised:
            plan.leave_out(map(str, range(100_000)))
    assert str(raised.value) == (
        "The list of photos that are left can't be kept in a temporary file: database or disk is full. "
        "Free some space, or name another folder for it in SQLITE_TMPDIR."
    )


@pytest.mark.parametrize("use", [lambda plan: plan.holds("a"), lambda plan: list(plan.photos(by_name=True))])
def test_no_room_to_look_things_up_or_to_sort(use: Callable[[Plan], object]) -> None:
    class Full:
        def execute(self, *_: object) -> None:
            raise sqlite3.OperationalError("disk I/O error")

        def close(self) -> None:
            pass

    with closing(Plan()) as plan:
        database, full = plan._database, Full()
        with closing(database):
            plan._database = cast("sqlite3.Connection", full)
            with pytest.raises(ResultsError, match=r"can't be kept in a temporary file: disk I/O error\."):
                use(plan)
