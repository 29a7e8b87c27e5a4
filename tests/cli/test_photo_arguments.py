import errno
import io
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from kuzov.cli.photo_arguments import Asked, AskedPhotos
from kuzov.errors import PhotoError
from kuzov.images.formats import EXTENSIONS
from tests.encoded_photos import encode
from tests.heif_photos import heic


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from PIL import Image

    photo = encode(Image.new("RGB", (8, 8)), "PNG")
    for name in ("b.png", "a.PNG", "in/c.png", "in/deeper/noname", ".hidden/d.png", "[1].png", "what?.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(photo)
    (tmp_path / "phone").write_bytes(heic())
    (tmp_path / "notes.txt").write_text("no photo")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*arguments: str) -> list[str]:
    return [each.name if isinstance(each, Asked) else str(each) for each in AskedPhotos(arguments)]


def test_a_folder_stands_for_its_photos_and_those_of_its_folders(folder: Path) -> None:
    everything = ["[1].png", "a.PNG", "b.png", "in/c.png", "in/deeper/noname", "phone", "what?.png"]
    assert names(".") == everything
    assert names("in", str(folder / "in")) == [
        "in/c.png", "in/deeper/noname", str(folder / "in/c.png"), str(folder / "in/deeper/noname"),
    ]  # fmt: skip


def test_a_pattern_stands_for_what_it_matches(folder: Path) -> None:
    assert names("*.png") == ["[1].png", "b.png", "what?.png"]
    assert names("**/*.png") == ["[1].png", "b.png", "in/c.png", "what?.png"]
    assert names(f"{folder}/in/*") == [f"{folder}/in/c.png"]


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(folder: Path) -> None:
    assert names("[1].png", "what?.png", "none.jpg", "nul\0.jpg") == [
        "[1].png", "what?.png", "none.jpg", "nul\0.jpg",
    ]  # fmt: skip


def test_what_stands_for_nothing_is_told_and_the_others_go_on(folder: Path) -> None:
    assert names("empty", "*.webp", "s3://bucket/a.jpg", "b.png") == [
        "empty: there is no photo in this folder or the folders in it",
        "*.webp: no file matches this pattern; check it",
        "s3://bucket/a.jpg: of addresses only http:// and https:// are read here; "
        "kuzov classify reads others too",
        "b.png",
    ]


def test_what_is_no_photo_in_a_folder_is_counted(folder: Path) -> None:
    for name in ("a.tif", "b.TIFF", "c.cr2", "in/Makefile"):
        (folder / name).touch()
    asked = AskedPhotos([".", "in"])
    assert all(isinstance(each, Asked) for each in asked)
    assert dict(asked.left_out) == {".txt": 1, ".tif": 1, ".tiff": 1, ".cr2": 1, "": 2}
    (folder / "empty" / "scan.tif").touch()
    assert names("empty") == [
        "empty: there is no photo in this folder or the folders in it; of photos the names end in "
        f"{', '.join(EXTENSIONS)}"
    ]


def test_a_folder_that_may_not_be_read_is_named_and_the_others_go_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if path.name in {"in", "empty"}:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert names(".", "empty") == [
        "[1].png", "a.PNG", "b.png", "phone", "what?.png",
        "empty: can't be read: Permission denied", "in: can't be read: Permission denied",
        "empty: can't be read: Permission denied",
    ]  # fmt: skip


def test_an_address_of_a_file_is_its_path(folder: Path) -> None:
    assert names((folder / "b.png").as_uri()) == [str(folder / "b.png")]


def test_standard_input_is_a_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"content")))
    assert list(AskedPhotos(["-"])) == [Asked("-", b"content")]


def test_standard_input_that_is_closed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    [refused] = AskedPhotos(["-"])
    assert isinstance(refused, PhotoError)
    assert refused.reason == "standard input is closed"


def test_standard_input_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kuzov.cli.photo_arguments.MAX_BYTES", 10)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"x" * 11)))
    [refused] = AskedPhotos(["-"])
    assert isinstance(refused, PhotoError)
    assert refused.reason == "more than 10 bytes came on standard input, which no photo has"
