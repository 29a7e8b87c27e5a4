"""A repository of what was made in memory, for tests of what asks it; no folder is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kuzov.engine.engine import Engine
from kuzov.serve.repository.config import ModelConfig, RepositorySettings
from kuzov.serve.repository.lifecycle import Failure
from kuzov.serve.repository.model import Model
from kuzov.serve.repository.repository import Repository
from kuzov.serve.repository.servable import Servable

BASE = Path("/models")
NOTHING_FAILED: Mapping[tuple[str, int], Failure] = {}


def repository_of(
    *servables: Servable, failures: Mapping[tuple[str, int], Failure] = NOTHING_FAILED, **labels: int
) -> Repository:
    """These versions are loaded, others have failed by their names and numbers; labels are every model's."""
    outcomes: dict[str, dict[int, Servable | Failure]] = {}
    for servable in servables:
        outcomes.setdefault(servable.name, {})[servable.version] = servable
    for (name, version), failure in failures.items():
        outcomes.setdefault(name, {})[version] = failure
    repository = Repository((), RepositorySettings(), _load_nothing, warm_up=lambda *_: None)
    with repository._changed:
        for name, found in outcomes.items():
            model = Model(ModelConfig(name=name, base_path=BASE, labels=labels))
            model.want({version: BASE / str(version) for version in found}, tries=1)
            for life in model.due(0.0):
                outcome = found[life.version]
                if isinstance(outcome, Servable):
                    life.succeed(outcome)
                else:
                    life.fail(outcome, retry_at=0.0)
            repository._models[name] = model
        repository._advance()
    return repository


def _load_nothing(folder: Path) -> Engine:
    raise AssertionError(f"{folder} is loaded, but nothing is there.")
