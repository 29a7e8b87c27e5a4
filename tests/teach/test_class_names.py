from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.data.names import load_names
from kuzov.records import ClassName
from kuzov.teach.class_names import add_names, remove_names
from kuzov.teach.refusal import RefusedError

NIVA = ClassName(id="niva", en='Lada "Niva"', ru="Лада Нива")


def test_names_are_added_as_training_reads_them(tmp_path: Path) -> None:
    add_names(tmp_path, NIVA)
    assert load_names(tmp_path, ["niva"]) == (NIVA,)


def test_what_the_user_wrote_stays(tmp_path: Path) -> None:
    file = tmp_path / "classes.toml"
    file.write_text('# mine\n[x5]\nen = "X5"', encoding="utf-8")
    add_names(tmp_path, NIVA)
    add_names(tmp_path, ClassName(id="x5", en="another", ru="another"))
    assert file.read_text(encoding="utf-8").startswith('# mine\n[x5]\nen = "X5"\n\n["niva"]\n')
    assert load_names(tmp_path, ["x5", "niva"])[0] == ClassName(id="x5", en="X5", ru="x5")
    remove_names(tmp_path, "niva")
    assert file.read_text(encoding="utf-8") == '# mine\n[x5]\nen = "X5"\n'


def test_names_that_the_user_wrote_are_not_removed(tmp_path: Path) -> None:
    file = tmp_path / "classes.toml"
    file.write_text('[x5]\nen = "X5"\n', encoding="utf-8")
    with pytest.raises(RefusedError) as refused:
        remove_names(tmp_path, "x5")
    assert str(refused.value) == f"{file} has names for x5, so its last photo stays. Remove them there first."


def test_a_class_without_names_has_none_to_remove(tmp_path: Path) -> None:
    remove_names(tmp_path, "x5")
    assert not list(tmp_path.iterdir())


def test_a_broken_file_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "classes.toml"
    file.write_text("[x5", encoding="utf-8")
    with pytest.raises(RefusedError, match="is not valid TOML") as refused:
        add_names(tmp_path, NIVA)
    assert (refused.value.reason, refused.value.status) == ("names_file", 409)
    assert file.read_text(encoding="utf-8") == "[x5"
