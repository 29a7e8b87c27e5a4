from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kuzov.bulk.column import strings_of
from kuzov.bulk.source import Source
from kuzov.errors import ConfigError, SourceError
from tests.errors import raises

pyarrow = pytest.importorskip("pyarrow", reason="Parquet needs kuzov[cluster]")


def write(file: Path, columns: dict[str, Any]) -> str:
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table(columns), file)
    return str(file)


def test_the_only_column_of_strings(tmp_path: Path) -> None:
    file = write(tmp_path / "a.parquet", {"id": [1, 2, 3], "path": ["b.jpg", None, "a.jpg"]})
    source = Source(file)
    assert list(source) == ["b.jpg", "a.jpg"]
    assert not source.by_name


def test_a_column_named_photo_among_others(tmp_path: Path) -> None:
    file = write(tmp_path / "a.parquet", {"title": ["x"], "photo": ["a.jpg"]})
    assert list(strings_of([file], None)) == ["a.jpg"]
    assert list(strings_of([file], "title")) == ["x"]


def test_a_folder_of_parts(tmp_path: Path) -> None:
    for name in ("2", "1"):
        write(tmp_path / f"{name}.parquet", {"path": pyarrow.array([f"{name}.jpg"]).dictionary_encode()})
    assert list(Source(str(tmp_path), column="path")) == ["1.jpg", "2.jpg"]


@pytest.mark.parametrize(
    ("column", "error"),
    [
        (None, "Which column of {file} names the photos? Give --column, of: title, path."),
        ("id", "{file} has no column 'id' of strings. Its columns of strings: title, path."),
    ],
)
def test_a_column_that_can_not_be_told(tmp_path: Path, column: str | None, error: str) -> None:
    file = write(tmp_path / "a.parquet", {"id": [1], "title": ["x"], "path": ["a.jpg"]})
    with raises(ConfigError, error.format(file=file)):
        strings_of([file], column)


def test_what_is_no_parquet(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"no table at all")
    with pytest.raises(SourceError, match=rf"^{tmp_path}/a\.parquet can't be read as Parquet: .+\.$"):
        Source(str(tmp_path / "a.parquet"))


def test_a_folder_without_parts(tmp_path: Path) -> None:
    with raises(SourceError, f"There is no Parquet file in {tmp_path}, of which --column could be read."):
        Source(str(tmp_path), column="path")
