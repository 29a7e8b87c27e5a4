from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kuzov.data.names import load_names
from kuzov.records import ClassName
from kuzov.teach.class_names import edited_names
from kuzov.teach.refusal import RefusedError

NIVA = ClassName(id="niva", en='Lada "Niva"', ru="Лада Нива")


def edit(folder: Path, *, gone: str | None = None, new: ClassName | None = None) -> None:
    with edited_names(folder, gone=gone, new=new):
        pass


def test_names_are_added_as_training_reads_them(tmp_path: Path) -> None:
    edit(tmp_path, new=NIVA)
    assert load_names(tmp_path, ["niva"]) == (NIVA,)


def test_what_the_user_wrote_stays(tmp_path: Path) -> None:
    file = tmp_path / "classes.toml"
    file.write_text('# mine\n[x5]\nen = "X5"', encoding="utf-8")
    edit(tmp_path, new=NIVA)
    edit(tmp_path, new=ClassName(id="x5", en="another", ru="another"))
    assert file.read_text(encoding="utf-8").startswith('# mine\n[x5]\nen = "X5"\n\n["niva"]\n')
    assert load_names(tmp_path, ["x5", "niva"])[0] == ClassName(id="x5", en="X5", ru="x5")
    edit(tmp_path, gone="niva")
    assert file.read_text(encoding="utf-8") == '# mine\n[x5]\nen = "X5"\n'


def test_names_that_the_user_wrote_are_not_removed(tmp_path: Path) -> None:
    file = tmp_path / "classes.toml"
    file.write_text('[x5]\nen = "X5"\n', encoding="utf-8")
    with pytest.raises(RefusedError) as refused:
        edit(tmp_path, gone="x5")
    assert str(refused.value) == f"{file} has names for x5, so its last photo stays. Remove them there first."


def test_one_class_may_go_as_another_comes(tmp_path: Path) -> None:
    edit(tmp_path, new=NIVA)
    edit(tmp_path, gone="niva", new=ClassName(id="x5", en="BMW X5", ru="БМВ X5"))
    assert (tmp_path / "classes.toml").read_text(
        encoding="utf-8"
    ) == '\n["x5"]\nen = "BMW X5"\nru = "БМВ X5"\n'


def test_what_ends_in_an_error_changes_no_names(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="full"), edited_names(tmp_path, gone=None, new=NIVA):
        raise OSError("full")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("new", [None, ClassName(id="x5", en="x5", ru="x5")])
def test_a_class_without_names_has_none_to_write(tmp_path: Path, new: ClassName | None) -> None:
    edit(tmp_path, gone="niva", new=new)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"[x5", "is not valid TOML: "), (b"\xcf", "is not in UTF-8; save it in that encoding.")],
)
@pytest.mark.parametrize("edits", [{"gone": "x5"}, {"new": NIVA}])
def test_a_broken_file_is_left_alone(
    tmp_path: Path, content: bytes, text: str, edits: dict[str, Any]
) -> None:
    file = tmp_path / "classes.toml"
    file.write_bytes(content)
    with pytest.raises(RefusedError) as refused:
        edit(tmp_path, **edits)
    assert str(refused.value).startswith(f"{file} {text}")
    assert (refused.value.reason, refused.value.status) == ("names_file", 409)
    assert file.read_bytes() == content
