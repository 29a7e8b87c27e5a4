"""A loaded version of a model, and what is told of versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from kuzov.bundle.card import Card
from kuzov.engine.engine import Engine

LoadEngine: TypeAlias = Callable[[Path], Engine]


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Servable:
    """One loaded version of a model. Whoever holds it keeps it loaded."""

    name: str
    version: int
    engine: Engine
    card: Card | None  # None for a SavedModel that kuzov did not make
    folder: Path | None = None  # None where it was made in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionStatus:
    """A version and its state, in TensorFlow Serving's words: START, LOADING, AVAILABLE, UNLOADING or END.

    Attributes:
        error_code: "OK", or the name of an ErrorCode where it failed to load.
        engine: The runtime that computes it, with its precision; None unless it is loaded.
    """

    version: int
    state: str
    error_code: str = "OK"
    error_message: str = ""
    engine: str | None = None
