"""What kuzov answers beside TensorFlow Serving's API: health, the state of all models, documentation."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from kuzov.serve.core import Core
from kuzov.serve.limits import Limits
from kuzov.serve.monitoring.prometheus import exposition
from kuzov.serve.rest.answer import Answer
from kuzov.serve.rest.json_answer import object_json, version_status
from kuzov.serve.service import Service

Page: TypeAlias = Callable[[], Answer]

# What watches the server has no key.
OPEN_PATHS = frozenset({"/healthz", "/readyz"})
DEFAULT_PORT = 8501
_DOCS = Path(__file__).with_name("docs")
LOOK = _DOCS / "look.css"
"""What all pages of the server share."""
# A page's script and style stand in it, and the policy names them by their digests: whatever else might get
# into the page, a model's name or a photo's, no browser would run it.
_POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def pages(core: Core, metrics: Callable[[], bytes] | None) -> Mapping[str, Page]:
    """The pages by their paths; `metrics` writes those for Prometheus, None means those of this process."""
    service, limits, metrics_path = core.service, core.settings.limits, core.settings.rest.metrics_path
    metrics = metrics or (lambda: exposition(core.snapshot()))
    found: dict[str, Page] = {
        "/healthz": lambda: Answer(body=b'{"alive": true}'),
        "/readyz": lambda: _ready(core),
        "/status": lambda: _status(service),
        "/openapi.json": lambda: Answer(
            body=object_json(openapi(tuple(service.models()), limits, metrics_path))
        ),
        "/docs": lambda: docs_page(tuple(service.models()), limits, core.settings.rest.port),
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


def openapi(models: Sequence[str], limits: Limits, metrics_path: str | None) -> dict[str, Any]:
    """The API described for programs, in OpenAPI 3.1; the first of the models is the example."""
    from importlib.metadata import version  # noqa: PLC0415 - a server need not load it to start

    text = (_DOCS / "openapi.json").read_text(encoding="utf-8")
    for name in ("max_body_bytes", "max_rows"):
        text = text.replace(f"{{{name}}}", str(getattr(limits, name)))
    document: dict[str, Any] = json.loads(text)
    document["info"]["version"] = version("kuzov")
    metrics = document["paths"].pop("/monitoring/prometheus/metrics")
    if metrics_path is not None:
        document["paths"][metrics_path] = metrics
    if models:
        document["components"]["parameters"]["model"]["example"] = models[0]
    return document


def docs_page(models: Sequence[str], limits: Limits, port: int | None = None) -> Answer:
    """The API described for people, in English and in Russian, with commands that ask the first model.

    The commands ask the server's port, where it is known; the page puts the address that it came from there.
    """
    html = (_DOCS / "docs.html").read_text(encoding="utf-8")
    for name, value in {
        "{megabytes}": str(limits.max_body_bytes // 1_000_000),
        "{rows}": str(limits.max_rows),
        "{seconds}": f"{limits.request_timeout_s:g}",
        "{port}": str(port or DEFAULT_PORT),
        "MODEL": quote(models[0], safe="") if models else "MODEL",
    }.items():
        html = html.replace(name, value)
    return html_page(html, styles=(LOOK, _DOCS / "docs.css"), scripts=(_DOCS / "docs.js",))


def html_page(html: str, styles: Sequence[Path], scripts: Sequence[Path]) -> Answer:
    """The page as an answer, the files in place of the comments for them, and its Content-Security-Policy."""
    style, script = _joined(styles), _joined(scripts)
    html = html.replace("/* style */", style).replace("/* script */", script)
    policy = _POLICY.format(script=_digest(script), style=_digest(style))
    headers = (
        ("content-security-policy", policy),
        ("cache-control", "no-cache"),
        ("cross-origin-opener-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    )
    return Answer(body=html.encode(), content_type="text/html; charset=utf-8", headers=headers)


def _joined(files: Sequence[Path]) -> str:
    return "".join(file.read_text(encoding="utf-8") for file in files)


def _digest(text: str) -> str:
    """What a policy calls a script or style that stands in the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
