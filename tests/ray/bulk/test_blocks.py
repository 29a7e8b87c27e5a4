from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'kuzov[cluster]'")

from kuzov.ray.bulk.blocks import Blocks, names_of, write_blocks


def test_names_come_back_by_blocks(tmp_path: Path) -> None:
    names = ["a.jpg", "фото/b.jpg", "two\nlines.jpg", "no-utf8-\udcff.jpg", "s3://bucket/e.jpg"]
    file = tmp_path / "names.arrow"
    assert write_blocks(file, iter(names), 2) == 3
    blocks = Blocks(file, {2, 0, 1})
    assert blocks.count == 3
    found = [names_of(table) for task in blocks.get_read_tasks(1) for table in task()]
    assert found == [(0, names[:2]), (1, names[2:4]), (2, names[4:])]


def test_what_is_done_is_left_out(tmp_path: Path) -> None:
    write_blocks(tmp_path / "names.arrow", iter("abc"), 1)
    (task,) = Blocks(tmp_path / "names.arrow", {1}).get_read_tasks(1)
    assert [names_of(table) for table in task()] == [(1, ["b"])]


def test_no_names(tmp_path: Path) -> None:
    assert write_blocks(tmp_path / "names.arrow", iter(()), 2) == 0
