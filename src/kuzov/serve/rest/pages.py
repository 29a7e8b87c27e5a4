"""What kuzov answers beside TensorFlow Serving's API: health, the state of all models, documentation."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from kuzov.errors import ErrorCode
from kuzov.serve.core import Core
from kuzov.serve.monitoring.prometheus import exposition
from kuzov.serve.rest.answer import Answer, HttpError
from kuzov.serve.rest.documentation import docs_page, openapi
from kuzov.serve.rest.request import Request
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
        "/status": lambda: _json(_status(service)),
        "/openapi.json": lambda: _json(openapi(tuple(service.models()), limits, metrics_path)),
        "/docs": lambda: docs_page(tuple(service.models()), limits),
    }
    if metrics_path is not None:
        found[metrics_path] = lambda: Answer(body=metrics(), content_type="text/plain")
    return found


def answer_page(page: Page, request: Request) -> Answer:
    """Answer a request for a page.

    Raises:
        HttpError: 405: the method is neither GET nor HEAD.
    """
    if request.method not in {"GET", "HEAD"}:
        text = f"{request.path} answers GET only, not {request.method}."
        raise HttpError(ErrorCode.UNIMPLEMENTED, 405, text, (("allow", "GET, HEAD"),))
    return page()


def _ready(core: Core) -> Answer:
    reason = core.why_not_ready()
    if reason is None:
        return Answer(body=b'{"ready": true}')
    return Answer(status=503, body=json.dumps({"ready": False, "reason": reason}).encode())


def _status(service: Service) -> dict[str, object]:
    return {
        "models": {
            name: [
                {
                    "version": str(each.version),
                    "state": each.state,
                    "status": {"error_code": each.error_code, "error_message": each.error_message},
                    "engine": each.engine,
                }
                for each in versions
            ]
            for name, versions in service.models().items()
        }
    }


def _json(value: Mapping[str, Any]) -> Answer:
    return Answer(body=json.dumps(value, ensure_ascii=False).encode())
