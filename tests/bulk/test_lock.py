from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.bulk.lock import locked
from kuzov.errors import ResultsError


@pytest.mark.parametrize("one_file", [True, False])
def test_one_at_a_time(tmp_path: Path, one_file: bool) -> None:
    path = tmp_path / "new" / "results"
    with locked(path, one_file=one_file):
        assert path.is_file() == one_file
        with (
            pytest.raises(ResultsError, match="Another kuzov classify writes to "),
            locked(path, one_file=one_file),
        ):
            pass
    with locked(path, one_file=one_file):
        pass


def test_a_file_that_was_replaced_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.jsonl"

    def replace(_: int) -> None:
        path.with_name("newer").touch()
        path.with_name("newer").rename(path)

    monkeypatch.setattr("kuzov.bulk.lock.lock", replace)
    with pytest.raises(ResultsError, match="Another kuzov classify writes to "), locked(path, one_file=True):
        pass
