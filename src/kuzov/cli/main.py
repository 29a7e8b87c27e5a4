"""`kuzov`: the group of commands, and how every error is told."""

from __future__ import annotations

import io
import logging
import os
import sys
import time
from difflib import get_close_matches
from importlib import import_module

import click

from kuzov.cli.language import ERROR, language, note
from kuzov.errors import KuzovError, reason_of
from kuzov.lean_openvino import leave_converter_out
from kuzov.signals import Terminated, undone_on_sigterm
from kuzov.words import Words, shown

STARTED = time.monotonic()
"""When this command began, as near as it can know: the interpreter's own start came before."""

COMMANDS = (
    "doctor",
    "train",
    "publish",
    "evaluate",
    "compare",
    "predict",
    "classify",
    "explain",
    "serve",
    "deploy",
)

STOPPED = Words("Stopped.", "Остановлено.")
DID_YOU_MEAN = Words(
    "There is no command {word}. Did you mean {near}?", "Команды {word} нет. Может быть, {near}?"
)
NO_OUTPUT = Words("What was found can't be written: {why}.", "Ответ не записать: {why}.")


class LazyGroup(click.Group):
    """Imports a command when it is asked for, so that `kuzov predict` doesn't pay for `kuzov serve`."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Names of the commands, in the order of a model's life."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"kuzov.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; a slip of the pen is told with the command that is nearest to it."""
        near = get_close_matches(args[0].lower(), COMMANDS, n=1)
        if near and args[0] not in COMMANDS:
            ctx.fail(DID_YOU_MEAN.fill(word=args[0], near=near[0]).told(language()))
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100, "show_default": True},
)
@click.version_option(package_name="kuzov", message="kuzov %(version)s")
@click.pass_context
def kuzov(ctx: click.Context) -> None:
    """Tell which car model a photo shows: train on a folder of photos, ask, serve."""
    if ctx.invoked_subcommand != "serve":  # which ends in its own way
        ctx.with_resource(undone_on_sigterm())


class _ShownFormatter(logging.Formatter):
    """Keeps a message on its line, whatever the names in it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = shown(record.message)
        return super().formatMessage(record)


def main() -> None:
    """Run a command.

    Exits 0 on success, 2 on wrong use, 143 on SIGTERM, 1 with one sentence on any other failure.
    """
    leave_converter_out()
    log = logging.StreamHandler()
    log.setFormatter(_ShownFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[log], level=logging.WARNING)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name need not be valid Unicode
    try:
        try:
            kuzov.main(standalone_mode=False)
        finally:
            _flush()
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(STOPPED.told(language()))
    except Terminated:
        note(STOPPED)
        raise
    except KuzovError as error:
        sys.exit(ERROR.fill(text=error.words).told(language()))
    except OSError:
        lost = _lost_output()
        if lost is None:
            raise
        told = ERROR.fill(text=NO_OUTPUT.fill(why=reason_of(lost))).told(language())
        sys.exit(1 if isinstance(lost, BrokenPipeError) else told)  # as of | head, which has read enough


def _flush() -> None:
    """Write what was printed, rather than leave it to the interpreter's end; stdout may be closed."""
    print(end="", flush=True)


def _lost_output() -> OSError | None:
    """Why what was printed can't be written, if it can't; it is given up then."""
    try:
        _flush()
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        return error
    return None
