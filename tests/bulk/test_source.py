from __future__ import annotations

import os
from pathlib import Path

import pytest

from kuzov.bulk.source import Source
from kuzov.errors import ConfigError, SourceError
from tests.errors import raises


def names(source: Source, folder: Path) -> list[str]:
    return sorted(str(Path(each).relative_to(folder)) for each in source)


def test_a_folder_with_all_its_folders(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(photos.parent)
    source = Source("photos")
    assert names(source, photos) == ["b.jpg", "broken.png", "deeper/A.JPG"]
    assert (source.by_name, dict(source.left_out)) == (True, {".txt": 1})


def test_a_linked_folder_is_looked_into_and_a_circle_is_followed_once(photos: Path, tmp_path: Path) -> None:
    (photos / "deeper" / "up").symlink_to(photos)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "c.webp").touch()
    (photos / "link").symlink_to(tmp_path / "more")
    assert names(Source(str(photos)), photos) == ["b.jpg", "broken.png", "deeper/A.JPG", "link/c.webp"]


def test_a_pattern_and_one_photo(photos: Path) -> None:
    assert names(Source(f"{photos}/**/*.[jJ]*"), photos) == ["b.jpg", "deeper/A.JPG"]
    assert list(Source(f"{photos}/*.gif")) == []
    assert list(Source(str(photos / "b.jpg"))) == [str(photos / "b.jpg")]


def test_a_folder_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "cars [2019]"
    folder.mkdir()
    (folder / "a.jpg").touch()
    assert names(Source(str(folder)), folder) == ["a.jpg"]


def test_a_list_is_taken_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbfz.jpg\r\n\n#1 a.jpg\nhttp://host/c.jpg\n\xff.jpg")
    source = Source(str(tmp_path / "list.txt"))
    assert list(source) == ["z.jpg", "#1 a.jpg", "http://host/c.jpg", os.fsdecode(b"\xff.jpg")]
    assert not source.by_name


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("nowhere", "There is no {}; give a folder, a pattern or a list."),
        (
            "photos.zip",
            "{} is no list of photos: a list is a text file with a path or an address a line, or a Parquet "
            "file by its name (.parquet, .pq).",
        ),
    ],
)
def test_what_is_no_source(tmp_path: Path, name: str, error: str) -> None:
    (tmp_path / "photos.zip").write_bytes(b"PK\3\4\0\0")
    with raises(SourceError, error.format(f"{tmp_path}/{name}")):
        Source(f"{tmp_path}/{name}")


def test_a_column_of_what_has_none(photos: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        Source(str(photos / "notes.txt"), column="path")
    assert (
        str(raised.value) == f"--column names a column of a Parquet source, which {photos}/notes.txt is not."
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read(photos: Path) -> None:
    (photos / "deeper").chmod(0)
    try:
        with pytest.raises(SourceError) as raised:
            list(Source(str(photos)))
    finally:
        (photos / "deeper").chmod(0o755)
    assert str(raised.value) == f"{photos}/deeper can't be read: Permission denied."


def test_a_folder_that_goes_while_it_is_listed(photos: Path) -> None:
    source = iter(Source(str(photos)))
    next(source)
    (photos / "deeper" / "A.JPG").unlink()
    (photos / "deeper").rmdir()
    with raises(SourceError, f"{photos}/deeper can't be read: No such file or directory."):
        list(source)
