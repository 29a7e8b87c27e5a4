from __future__ import annotations

import os
from pathlib import Path, PurePath, PurePosixPath

import pytest

from kuzov.deploy.render import MANIFEST, render
from kuzov.errors import ConfigError
from kuzov.words import Words
from tests.errors import raises
from tests.folders import contents

FILES: dict[PurePath, str] = {
    PurePosixPath("run.sh"): "#!/bin/sh\n",
    PurePosixPath("a/b.txt"): "b\n",
}


def texts(folder: Path) -> dict[str, str]:
    """All files but the manifest."""
    found = {name: content.decode() for name, content in contents(folder).items()}
    return {name: text for name, text in found.items() if name != MANIFEST.name}


def test_a_new_folder_holds_the_files(tmp_path: Path) -> None:
    source = tmp_path / "model.bin"
    source.write_bytes(b"\xff\x00")
    render({**FILES, PurePosixPath("c"): b"\xfe", PurePosixPath("models/m"): source}, tmp_path / "x" / "out")
    out = tmp_path / "x" / "out"
    assert (out / "a" / "b.txt").read_text() == "b\n"
    assert (out / "c").read_bytes() == b"\xfe"
    assert (out / "models" / "m").read_bytes() == b"\xff\x00"
    assert os.access(out / "run.sh", os.X_OK)
    assert not os.access(out / "a" / "b.txt", os.X_OK)
    assert [file.name for file in (tmp_path / "x").iterdir()] == ["out"]


def test_the_same_call_again_changes_nothing(tmp_path: Path) -> None:
    render(FILES, tmp_path)
    manifest = (tmp_path / MANIFEST).read_text()
    render(FILES, tmp_path)
    assert texts(tmp_path) == {"a/b.txt": "b\n", "run.sh": "#!/bin/sh\n"}
    assert (tmp_path / MANIFEST).read_text() == manifest


def test_an_update_replaces_what_was_written_and_removes_what_is_no_longer_needed(tmp_path: Path) -> None:
    render(FILES, tmp_path)
    (tmp_path / "a" / "mine.txt").write_text("mine")
    render({PurePosixPath("run.sh"): "#!/bin/sh\ntrue\n"}, tmp_path)
    assert texts(tmp_path) == {"run.sh": "#!/bin/sh\ntrue\n", "a/mine.txt": "mine"}
    render({PurePosixPath("new/run.sh"): ""}, tmp_path)
    assert texts(tmp_path) == {"new/run.sh": "", "a/mine.txt": "mine"}
    render({PurePosixPath("new/1/model"): ""}, tmp_path)
    render({PurePosixPath("new/2/model"): ""}, tmp_path)
    assert [folder.name for folder in (tmp_path / "new").iterdir()] == ["2"]


def test_a_file_that_is_no_longer_needed_but_was_changed_stays(tmp_path: Path) -> None:
    render(FILES, tmp_path)
    (tmp_path / "a" / "b.txt").write_text("mine")
    render({PurePosixPath("run.sh"): ""}, tmp_path)
    assert texts(tmp_path) == {"run.sh": "", "a/b.txt": "mine"}


@pytest.mark.parametrize("rendered_before", [False, True])
def test_a_file_of_the_users_is_not_overwritten(tmp_path: Path, rendered_before: bool) -> None:
    if rendered_before:
        render(FILES, tmp_path)
    (tmp_path / "run.sh").write_text("mine")
    before = texts(tmp_path)
    with raises(
        ConfigError,
        f"{tmp_path} holds files that kuzov did not write, or that were changed since: run.sh. "
        "Nothing was written. Move them away, or name another folder with --out.",
    ):
        render({**FILES, PurePosixPath("a/b.txt"): "new"}, tmp_path)
    assert texts(tmp_path) == before


def test_a_folder_in_the_place_of_a_file_is_the_users_too(tmp_path: Path) -> None:
    (tmp_path / "run.sh").mkdir()
    with pytest.raises(ConfigError, match=r"changed since: run\.sh\. Nothing was written"):
        render(FILES, tmp_path)


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    told = Words(
        f"{tmp_path / 'out'} is a file, not a folder. Name another folder with --out.",
        f"{tmp_path / 'out'} — файл, а не папка. Укажите другую папку: --out.",
    )
    with raises(ConfigError, told):
        render(FILES, tmp_path / "out")


def test_a_failure_leaves_no_folder(tmp_path: Path) -> None:
    with raises(ConfigError, f"The folder {tmp_path / 'out'} can't be written: No such file or directory."):
        render({**FILES, PurePosixPath("z"): tmp_path / "missing"}, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_update_that_was_broken_off_can_be_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render(FILES, tmp_path)
    new: dict[PurePath, str] = {PurePosixPath("run.sh"): "new", PurePosixPath("a/b.txt"): "new"}
    replace, calls = Path.replace, []

    def replace_twice(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) > 2:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace_twice)
        with pytest.raises(ConfigError, match="can't be written: No space left on device"):
            render(new, tmp_path)
    assert texts(tmp_path) == {"run.sh": "new", "a/b.txt": "b\n"}
    render({PurePosixPath("run.sh"): "newer", PurePosixPath("a/b.txt"): "newer"}, tmp_path)
    assert texts(tmp_path) == {"run.sh": "newer", "a/b.txt": "newer"}


@pytest.mark.parametrize("text", ["{", "[1]", "1", '{"run.sh": 1}', "[" * 100_000])
def test_a_damaged_manifest(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with raises(ConfigError, f"{tmp_path / MANIFEST} is damaged. Name another folder with --out."):
        render(FILES, tmp_path)
