"""How far a command has come, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from kuzov.cli.language import language, note
from kuzov.progress import silent
from kuzov.words import Plural, Words


@contextmanager
def progress_bars(stages: Mapping[str, Words]) -> Iterator[Callable[[str, int, int], None]]:
    """Bars with the time left, by stages with their names; none where stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        tasks = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stages[stage].told(language()), total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield show


def stage_lines(stages: Mapping[str, Plural]) -> Callable[[str, int, int], None]:
    """A line as each stage begins; its count is how much there is to do."""

    def tell(stage: str, done: int, total: int) -> None:
        if done == 0:
            note(stages[stage].of(total))

    return tell
