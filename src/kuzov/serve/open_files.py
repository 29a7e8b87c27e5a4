"""How many files, and so connections, the process may have open, and what is said when there is none left."""

from __future__ import annotations

import asyncio
import errno
import logging
import sys
import time
from typing import Any

TELL_EVERY_S = 60.0

_log = logging.getLogger(__name__)


def allow_all_files() -> None:
    """Raise the limit of open files to the highest that the process may set.

    The usual one, 1024, is meant for programs that wait by `select`.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Unix alone has it

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:  # macOS has a lower one of its own
        _log.debug("The limit of open files stays as it is: %s", error)


def tell_when_files_run_out(loop: asyncio.AbstractEventLoop) -> None:
    """Have a loop log one line a minute while no connection can be accepted.

    On its own it logs a traceback for each place in the backlog, thousands a second.
    """
    told_at = -TELL_EVERY_S

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal told_at
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in {errno.EMFILE, errno.ENFILE}:
            loop.default_exception_handler(context)
        elif time.monotonic() - told_at >= TELL_EVERY_S:
            told_at = time.monotonic()
            _log.error(
                "New connections have to wait: %s. Raise the limit of open files (ulimit -n), or have "
                "clients use fewer connections.",
                error.strerror,
            )

    loop.set_exception_handler(handle)
