"""A server's core around a service, for tests of what asks it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import create_autospec

from kuzov.serve.core import Core
from kuzov.serve.limits import Admission
from kuzov.serve.monitoring.journal import Journal
from kuzov.serve.monitoring.metrics import Metrics
from kuzov.serve.process import ThreadWatch
from kuzov.serve.repository.repository import Repository
from kuzov.serve.service import Service
from kuzov.serve.settings import ServeSettings

SETTINGS = ServeSettings(models=())


def a_core(
    service: Service, pool: ThreadPoolExecutor, settings: ServeSettings = SETTINGS, **parts: Any
) -> Core:
    """A core whose other parts are new, but for those that are given by name."""
    metrics = parts.get("metrics") or Metrics()
    new = {
        "repository": create_autospec(Repository, instance=True),
        "admission": Admission(settings.limits.max_requests),
        "journal": Journal(metrics.count),
        "metrics": metrics,
        "keys": None,
        "threads": ThreadWatch(),
    }
    return Core(settings=settings, service=service, decode_pool=pool, **(new | parts))
