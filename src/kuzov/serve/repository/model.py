"""One model's versions: which are wanted, loaded, to be loaded, to be unloaded, and gone."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.repository.config import ModelConfig
from kuzov.serve.repository.lifecycle import Failure, State, VersionLife
from kuzov.serve.repository.servable import Servable, VersionStatus

MAX_ENDED = 100

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What requests find of one model; never changed, only replaced as a whole."""

    newest: Servable | None = None
    by_version: Mapping[int, Servable] = field(default_factory=dict)
    labels: Mapping[str, int] = field(default_factory=dict)  # versions by label, loaded or not

    def find(self, version: int | None, label: str | None) -> Servable | None:
        """The servable of a label, of a version, or the newest; None where it is not loaded."""
        if label is not None:
            version = self.labels.get(label, -1)
        return self.newest if version is None else self.by_version.get(version)

    def check_labels(self, config: ModelConfig, *, allow_unavailable: bool) -> None:
        """Raise FAILED_PRECONDITION where the model's new configuration labels what is not loaded.

        `allow_unavailable` lets a label do so that is not in use yet.
        """
        for label, version in config.labels.items():
            moved = self.labels.get(label, version) != version
            if version not in self.by_version and (moved or not allow_unavailable):
                raise RequestError(
                    ErrorCode.FAILED_PRECONDITION,
                    f"Request to assign label to version {version} of model {config.name}, "
                    "which is not currently available for inference",
                )


class Model:
    """The versions of one model. Its owner sees to it that one thread at a time uses it."""

    def __init__(self, config: ModelConfig) -> None:
        self.config = config
        self._wanted: Mapping[int, Path] = {}
        self._lives: list[VersionLife] = []
        self._ended: dict[int, VersionStatus] = {}
        self._told: tuple[str, ...] = ()

    def remark(self, level: int, remarks: tuple[str, ...]) -> None:
        """Log what is wrong with its folder, once: a look that finds the same says nothing."""
        if remarks != self._told:
            for text in remarks:
                _log.log(level, "%s", text)
        self._told = remarks

    def want(self, wanted: Mapping[int, Path], tries: int) -> None:
        """Say which versions are wanted now, folders by version; each new one may be tried `tries` times."""
        self._wanted = wanted
        for life in self._lives:
            if life.is_waiting and not self.wants(life):
                life.end()
        self.tidy()
        known = {life.version for life in self._lives if self.wants(life) and life.state != State.UNLOADING}
        self._lives += [
            VersionLife(model=self.config.name, version=version, folder=folder, tries_left=tries)
            for version, folder in wanted.items()
            if version not in known
        ]

    def wants(self, life: VersionLife) -> bool:
        """Whether a version is wanted; those of a former base path are not."""
        return life.version in self._wanted and life.folder.parent == self.config.base_path

    def due(self, now: float) -> list[VersionLife]:
        """Versions to load, the highest first."""
        due = (life for life in self._lives if life.is_due(now) and self.wants(life))
        return sorted(due, key=lambda life: -life.version)

    def next_retry(self) -> float:
        """When the next version that failed is tried again, by `time.monotonic`; infinite where none is."""
        failed = (life for life in self._lives if life.is_waiting and life.failure is not None)
        return min((life.retry_at for life in failed if self.wants(life)), default=math.inf)

    def finish(
        self, life: VersionLife, outcome: Servable | Failure, *, seconds: float, retry_interval_s: float
    ) -> None:
        """Note what came of a try to load a version, and log it."""
        if isinstance(outcome, Servable):
            life.succeed(outcome)
            named = (life.model, life.version, life.engine, seconds)
            _log.info("Loaded %s, version %d, by %s, in %.1f s", *named)
            return
        life.fail(outcome, time.monotonic() + retry_interval_s)
        if not self.wants(life):
            life.end()
        again = f"It is tried again in {retry_interval_s:g} s." if life.is_waiting else "It is given up."
        _log.error("Can't load %s, version %d: %s %s", life.model, life.version, outcome.message, again)

    def superfluous(self) -> list[VersionLife]:
        """Versions to unload: the unwanted, once a wanted one serves, or where nothing is wanted at all."""
        available = [life for life in self._lives if life.state is State.AVAILABLE]
        if self._wanted and not any(self.wants(life) for life in available):
            return []
        return [life for life in available if not self.wants(life)]

    def tidy(self) -> None:
        """Keep of what has ended only the status, and only the last hundred.

        A version that failed is kept while it is wanted, so that it is not tried again.
        """
        over = [
            life
            for life in self._lives
            if life.state is State.END and (life.failure is None or not self.wants(life))
        ]
        for life in over:
            self._lives.remove(life)
            self._ended.pop(life.version, None)
            self._ended[life.version] = life.status()
        while len(self._ended) > MAX_ENDED:
            del self._ended[next(iter(self._ended))]

    def loaded(self) -> Loaded:
        """What requests may find now."""
        # A version of a new base path comes after that of the former one, and takes its place.
        found = {life.version: life.servable for life in self._lives if life.servable is not None}
        newest = found[max(found)] if found else None
        return Loaded(newest=newest, by_version=found, labels=self.config.labels)

    @property
    def ready(self) -> bool:
        """Whether a version is available, and every wanted one has been tried."""
        available = any(life.state is State.AVAILABLE for life in self._lives)
        return available and not any(life.is_new for life in self._lives if self.wants(life))

    @property
    def failed(self) -> bool:
        """Whether no version is available, nor will be without a change on disk."""
        return all(life.state in {State.UNLOADING, State.END} for life in self._lives)

    def failures(self) -> list[str]:
        """What is wrong with each version that could not be loaded, in TensorFlow Serving's form."""
        return [
            f"{{{{name: {life.model} version: {life.version}}} due to error: "
            f"{life.failure.code.value}: {life.failure.message}}}"
            for life in self._lives
            if life.failure is not None
        ]

    def statuses(self) -> tuple[VersionStatus, ...]:
        """The states of all versions, newest first."""
        found = self._ended | {life.version: life.status() for life in self._lives}
        return tuple(found[version] for version in sorted(found, reverse=True))
