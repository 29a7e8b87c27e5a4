"""The loaded versions of a model, and how they are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from kuzov.bundle.card import Card, has_card, read_card
from kuzov.bundle.layout import newest
from kuzov.engine.engine import Engine
from kuzov.errors import ErrorCode, RequestError

LoadEngine: TypeAlias = Callable[[Path], Engine]


@dataclass(frozen=True, slots=True, kw_only=True)
class Servable:
    """One loaded version of a model.

    Attributes:
        name: The model's name, as requests spell it.
        version: The version's number.
        engine: Computes its signatures.
        card: What the bundle says of itself; None for a SavedModel that kuzov did not make.
    """

    name: str
    version: int
    engine: Engine
    card: Card | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionStatus:
    """A version and its state in TensorFlow Serving's words: START, LOADING, AVAILABLE, UNLOADING or END."""

    version: int
    state: str


class ServableStore:
    """The model that a server serves: one name, one base path, the version that was newest at the start."""

    def __init__(self, name: str, base_path: Path, load_engine: LoadEngine) -> None:
        """Load the newest version under `base_path`.

        Raises:
            BundleError: The base path is missing, holds no version, or its newest version can't be loaded.
        """
        version_dir = newest(base_path)
        self._servable = Servable(
            name=name,
            version=int(version_dir.name),
            engine=load_engine(version_dir),
            card=read_card(version_dir) if has_card(version_dir) else None,
        )

    def get(self, name: str, version: int | None = None) -> Servable:
        """Find a loaded version, the newest unless one is named.

        Raises:
            RequestError: NOT_FOUND, in TensorFlow Serving's words.
        """
        found = self._servable
        if name == found.name and version in (None, found.version):
            return found
        wanted = f"Latest({name})" if version is None else f"Specific({name}, {version})"
        raise RequestError(ErrorCode.NOT_FOUND, f"Servable not found for request: {wanted}")

    def status(self, name: str, version: int | None = None) -> tuple[VersionStatus, ...]:
        """The states of a model's versions, newest first, or of the one that is named.

        Raises:
            RequestError: NOT_FOUND, in TensorFlow Serving's words.
        """
        found = self._servable
        if name == found.name and version in (None, found.version):
            return (VersionStatus(version=found.version, state="AVAILABLE"),)
        wanted = "any versions" if version is None else f"version {version}"
        raise RequestError(ErrorCode.NOT_FOUND, f"Could not find {wanted} of model {name}")
