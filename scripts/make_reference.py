"""Write docs/commands.md, the help of every command, and docs/settings.md, every setting of a training.

    python scripts/make_reference.py

Both are made from the code alone; a test holds them to it.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import click

from kuzov import config
from kuzov.cli.main import kuzov
from kuzov.config import TrainConfig

DOCS = Path(__file__).parents[1] / "docs"
COLUMNS = 100

COMMANDS_HEAD = """\
# Commands

What `kuzov COMMAND --help` prints, made by `python scripts/make_reference.py`. The status is 0 on success,
2 on wrong use, 143 where SIGTERM stopped it (`kuzov serve` ends in 0), 1 otherwise.
"""

SETTINGS_HEAD = """\
# Settings of a training

`kuzov train PHOTOS --set NAME=VALUE` changes one; `--config FILE` reads a TOML file, with a table for each
group, as `runs/VERSION/config.toml` is. Made of kuzov/config.py by `python scripts/make_reference.py`.

| setting | default | meaning |
| --- | --- | --- |
"""


def commands_page() -> str:
    """The page of commands."""
    return COMMANDS_HEAD + "".join(_sections(kuzov, "kuzov", None))


def _sections(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    settings: dict[str, Any] = {**command.context_settings, "terminal_width": COLUMNS}
    context = click.Context(command, parent=parent, info_name=name.rpartition(" ")[2], **settings)
    yield f"\n## {name}\n\n```\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            inner = command.get_command(context, each)
            if inner is not None:
                yield from _sections(inner, f"{name} {each}", context)


def settings_page() -> str:
    """The page of settings."""
    return SETTINGS_HEAD + "".join(_rows(TrainConfig(), ""))


def _rows(part: object, prefix: str) -> Iterator[str]:
    assert is_dataclass(part)
    meanings = _meanings(type(part).__name__)
    for each in fields(part):
        value = getattr(part, each.name)
        if is_dataclass(value):
            yield from _rows(value, f"{prefix}{each.name}.")
        else:
            told = str(value).lower() if isinstance(value, bool) else str(value)
            told = f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else told
            yield f"| `{prefix}{each.name}` | `{told}` | {meanings[each.name]} |\n"


def _meanings(name: str) -> dict[str, str]:
    """What stands as a text under each field of a class of kuzov.config."""
    module = ast.parse(inspect.getsource(config))
    (found,) = (each for each in module.body if isinstance(each, ast.ClassDef) and each.name == name)
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in zip(found.body, found.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def main() -> None:
    """Write both."""
    (DOCS / "commands.md").write_text(commands_page(), encoding="utf-8")
    (DOCS / "settings.md").write_text(settings_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
