"""How long work tells of its progress, whoever shows it."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Told of work done: the stage's name, how much is done, of how much."""


def silent(_stage: str, _done: int, _total: int) -> None:
    """Shows nothing."""
