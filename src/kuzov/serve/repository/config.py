"""Which models a server is to serve, and which of their versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kuzov.errors import invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPolicy:
    """Which versions of a model are wanted: so many of the newest, these, or all where both are None."""

    latest: int | None = 1
    specific: tuple[int, ...] | None = None

    def wanted(self, versions: Sequence[int]) -> tuple[int, ...]:
        """Those of the versions on disk that the policy asks for, newest first."""
        newest_first = tuple(sorted(set(versions), reverse=True))
        if self.specific is not None:
            return tuple(version for version in newest_first if version in self.specific)
        return newest_first if self.latest is None else newest_first[: self.latest]


LATEST = VersionPolicy()
ALL = VersionPolicy(latest=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """A model to serve, by the name that requests spell; `base_path` is the folder of its versions.

    A model that is `awaited` may have no version yet: the server starts without it, and loads its first one.
    """

    name: str
    base_path: Path
    awaited: bool = False
    policy: VersionPolicy = LATEST
    labels: Mapping[str, int] = field(default_factory=dict)  # versions by label


def check_names(names: Iterable[str]) -> None:
    """Raise INVALID, in TensorFlow Serving's words, for a set of models that names one twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise invalid(f"Illegal to list model {name} multiple times in config list")
        seen.add(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySettings:
    """How the repository looks after its models; the names are those of TensorFlow Serving's flags.

    Attributes:
        file_system_poll_wait_seconds: Time between two looks at the folders; 0 looks once.
        max_num_load_retries: How often a version that failed to load is tried again.
        load_retry_interval_s: Time between two tries.
        allow_version_labels_for_unavailable_models: Whether a new label may name a version that is not
            loaded yet.
        enable_model_warmup: Whether a version's warm-up requests run before it is available.
        num_request_iterations_for_warmup: How often each of them runs; 0 is once.
        num_load_threads: How many versions are loaded at a time.
    """

    file_system_poll_wait_seconds: float = 1.0
    max_num_load_retries: int = 5
    load_retry_interval_s: float = 60.0
    allow_version_labels_for_unavailable_models: bool = False
    enable_model_warmup: bool = True
    num_request_iterations_for_warmup: int = 0
    num_load_threads: int = 0
