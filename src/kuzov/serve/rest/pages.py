"""What kuzov answers beside TensorFlow Serving's API: health, the state of all models, documentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from kuzov.serve.core import Core
from kuzov.serve.monitoring.prometheus import exposition
from kuzov.serve.rest.answer import Answer
from kuzov.serve.rest.documentation import docs_page, openapi
from kuzov.serve.rest.json_answer import object_json, version_status
from kuzov.serve.service import Service

Page: TypeAlias = Callable[[], Answer]

# What watches the server has no key.
OPEN_PATHS = frozenset({"/healthz", "/readyz"})


def pages(core: Core, metrics: Callable[[], bytes] | None) -> Mapping[str, Page]:
    """The pages by their paths.

    Args:
        core: What they tell of.
        metrics: Writes the metrics in Prometheus's text format; None for those of this process.
    """
    service, limits, metrics_path = core.service, core.settings.limits, core.settings.rest.metrics_path
    metrics = metrics or (lambda: exposition(core.snapshot()))
    found: dict[str, Page] = {
        "/healthz": lambda: Answer(body=b'{"alive": true}'),
        "/readyz": lambda: _ready(core),
        "/status": lambda: _status(service),
        "/openapi.json": lambda: Answer(
            body=object_json(openapi(tuple(service.models()), limits, metrics_path))
        ),
        "/docs": lambda: docs_page(tuple(service.models()), limits),
    }
    if metrics_path is not None:
        found[metrics_path] = lambda: Answer(body=metrics(), content_type="text/plain")
    return found


def _ready(core: Core) -> Answer:
    reason = core.why_not_ready()
    if reason is None:
        return Answer(body=b'{"ready": true}')
    return Answer(status=503, body=object_json({"ready": False, "reason": reason}))


def _status(service: Service) -> Answer:
    models = {
        name: [{**version_status(each), "engine": each.engine} for each in versions]
        for name, versions in service.models().items()
    }
    return Answer(body=object_json({"models": models}))
