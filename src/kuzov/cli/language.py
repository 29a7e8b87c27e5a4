"""In which language the command line speaks to people; --json, logs and --help are English."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import click

from kuzov.words import Language, Words, number, plain

ERROR = Words("Error: {text}", "Ошибка: {text}")
NO_EFFECT = Words(
    "{option} has no effect without {without}; add it.", "{option} без {without} ничего не меняет; добавьте."
)
_chosen: ContextVar[Language | None] = ContextVar("language", default=None)


def language_option(command: Any) -> Any:
    """Give a command --language; without it the environment decides."""

    def choose(_ctx: click.Context, _option: click.Parameter, value: Language | None) -> None:
        _chosen.set(value)

    return click.option(
        "--language",
        type=click.Choice(["en", "ru"]),
        show_default="of LANG",
        help="Of what people read: English or Russian.",
        is_eager=True,  # what else is wrong with the command is told in it
        expose_value=False,
        callback=choose,
    )(command)


def language() -> Language:
    """The language that was chosen for the command that runs, else the environment's."""
    return _chosen.get() or of_environment(os.environ)


def of_environment(variables: Mapping[str, str]) -> Language:
    """The first of the two languages that the locale's variables ask for, by the rules of GNU gettext."""
    locale = next(filter(None, map(variables.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "C")
    if locale.partition(".")[0] in {"C", "POSIX"}:
        return "en"
    for wanted in (*variables.get("LANGUAGE", "").split(":"), locale):
        name = wanted.partition(".")[0].partition("@")[0].partition("_")[0].lower()
        if name == "ru":
            return "ru"
        if name == "en":
            return "en"
    return "en"


def percent(fraction: float, digits: int = 1) -> Words:
    """A part of one, as per cent, without the space of pages: such lines are cut by spaces, as awk does."""
    return plain("{it}%").fill(it=number(100 * fraction, digits))


def wrong_use(words: Words) -> click.UsageError:
    """The error for options that can't go together, or lack one: it ends the command with status 2."""
    return click.UsageError(words.told(language()))


def say(words: Words) -> None:
    """Print a result on stdout."""
    print(words.told(language()), flush=True)


def note(words: Words) -> None:
    """Print on stderr what goes along with a result: what was left out, what comes next."""
    print(words.told(language()), file=sys.stderr)
