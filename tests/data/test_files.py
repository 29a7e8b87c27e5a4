from __future__ import annotations

from pathlib import Path

from kuzov.data.files import class_of, digest_of, entries, is_photo


def test_hidden_and_system_files_are_passed_over_and_names_are_sorted(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.jpg", ".DS_Store", "Thumbs.db", "classes.toml"):
        (tmp_path / name).touch()
    assert [entry.name for entry in entries(tmp_path)] == ["a.jpg", "b.jpg"]


def test_a_photo_is_told_by_its_ending() -> None:
    assert is_photo(Path("a.JPG"))
    assert not is_photo(Path("a.heic"))


def test_a_class_is_its_folder_in_one_unicode_form() -> None:
    assert class_of(Path("photos/e\u0301")) == "é"


def test_a_digest_is_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"abc")
    assert digest_of(tmp_path / "a.jpg").startswith("ba7816bf8f01cfea")
