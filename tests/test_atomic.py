from __future__ import annotations

import os
from pathlib import Path

import pytest

from kuzov.atomic import free_name, hidden_in, place, written_whole


def write(file: Path, content: bytes) -> None:
    with written_whole(file) as beside:
        assert beside.name.startswith(".")
        beside.write_bytes(content)


def test_a_file_is_written_or_replaced(tmp_path: Path, on_disk: dict[Path, bytes | set[str]]) -> None:
    file = tmp_path / "file"
    for content in (b"one", b"two"):
        write(file, content)
        assert file.read_bytes() == content
        assert content in on_disk.values()
        assert on_disk[tmp_path] == {"file"}


def test_a_name_that_nothing_has(tmp_path: Path) -> None:
    for name in ("car.jpg", "car-2.jpg", "car-3.jpg"):
        assert free_name(tmp_path / "car.jpg") == tmp_path / name
        (tmp_path / name).touch()


def test_a_folder_is_on_disk_with_all_in_it_before_its_new_name(
    tmp_path: Path, on_disk: dict[Path, bytes | set[str]]
) -> None:
    folder = tmp_path / "beside"
    (folder / "inner").mkdir(parents=True)
    (folder / "file").write_bytes(b"one")
    (folder / "inner" / "file").write_bytes(b"two")
    place(folder, tmp_path / "folder")
    assert on_disk == {
        folder: {"inner", "file"},
        folder / "file": b"one",
        folder / "inner": {"file"},
        folder / "inner" / "file": b"two",
        tmp_path: {"folder"},
    }


def test_a_folder_that_holds_something_keeps_its_name(tmp_path: Path) -> None:
    for name in ("beside", "folder"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(name.encode())
    with pytest.raises(OSError, match="Directory not empty"):
        place(tmp_path / "beside", tmp_path / "folder")
    assert (tmp_path / "folder" / "file").read_bytes() == b"folder"


def test_what_can_not_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "file"
    write(file, b"one")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device"):
        write(file, b"two")
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"one"]


def test_what_gets_no_name_is_removed(tmp_path: Path) -> None:
    with hidden_in(tmp_path, "file") as incoming:
        incoming.write_bytes(b"one")
    assert not list(tmp_path.iterdir())


def test_what_is_no_file_of_ours_keeps_no_folder_from_its_name(tmp_path: Path) -> None:
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "notes").symlink_to(tmp_path / "nowhere")
    place(tmp_path / "beside", tmp_path / "folder")
    assert (tmp_path / "folder" / "notes").is_symlink()
