from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'kuzov[cluster]'")

from kuzov.ray.bulk.blocks import Blocks, names_of, write_blocks


def test_names_come_back_by_blocks(tmp_path: Path) -> None:
    names = ["a.jpg", "фото/b.jpg", "two\nlines.jpg", "no-utf8-\udcff.jpg", "s3://bucket/e.jpg"]
    file = tmp_path / "names.arrow"
    assert write_blocks(file, iter(names), 2) == 3
    blocks = Blocks(file, 3)
    assert blocks.count == 3
    found = [names_of(table) for task in blocks.get_read_tasks(1) for table in task()]
    assert found == [(0, names[:2]), (1, names[2:4]), (2, names[4:])]
