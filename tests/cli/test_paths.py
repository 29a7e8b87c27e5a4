from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from kuzov.cli.main import LazyGroup
from kuzov.cli.paths import NamedPath
from tests.cli.conftest import Kuzov


@pytest.mark.parametrize(
    ("words", "parameter"),
    [
        (["train", ""], "PHOTOS"),
        (["train", ".", "--out", ""], "--out"),
        (["doctor", "", "--fix"], "PHOTOS"),
        (["predict", "a.jpg", ""], "PHOTO…"),
        (["classify", "", "--out", "r.csv"], "SOURCE"),
        (["evaluate", ".", "--model", ""], "--model"),
        (["publish", ""], "[VERSION]"),
        (["serve", "--model_base_path="], "--model-base-path"),
        (["deploy", "docker", "--out", ""], "--out"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else each,
)
def test_an_empty_path_is_no_folder(kuzov: Kuzov, tmp_path: Path, words: list[str], parameter: str) -> None:
    done = kuzov(*words)
    assert (done.status, done.out) == (2, "")
    assert done.err.endswith(
        f"Error: Invalid value for '{parameter}': it is empty; is a variable not set? For the current folder "
        "give a dot.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_it_is_told_in_russian(kuzov: Kuzov) -> None:
    done = kuzov("doctor", "", "--language", "ru")
    assert done.err.endswith(
        "значение пустое; может быть, не задана переменная? Для текущей папки укажите точку.\n"
    )


def parameters(group: click.Group) -> Iterator[click.Parameter]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield from command.params
        if isinstance(command, click.Group):
            yield from parameters(command)


def test_all_commands_take_paths_alike() -> None:
    kinds = {type(each.type) for each in parameters(LazyGroup()) if isinstance(each.type, click.Path)}
    assert kinds == {NamedPath}
