"""How commands take paths."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from kuzov.cli.language import language
from kuzov.words import Words

EMPTY = Words(
    "it is empty; is a variable not set? For the current folder give a dot.",
    "значение пустое; может быть, не задана переменная? Для текущей папки укажите точку.",
)


class NamedPath(click.Path):
    """A path that may not be empty: a variable that is not set would mean the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        if not os.fspath(value):
            self.fail(EMPTY.told(language()), param, ctx)
        return super().convert(value, param, ctx)


A_PATH = NamedPath(path_type=Path)
A_PATH_OR_ADDRESS = NamedPath(path_type=str, readable=False)  # what can't be read, the command tells
