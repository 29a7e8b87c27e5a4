"""The API described, for programs in OpenAPI 3.1 and for people as a page: files, and what varies in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kuzov.serve.limits import Limits
from kuzov.serve.rest.answer import Answer
from kuzov.serve.rest.html_page import html_page

FOLDER = Path(__file__).with_name("docs")
LOOK = FOLDER / "look.css"
"""What all pages of the server share."""

_METRICS = "/monitoring/prometheus/metrics"


def openapi(models: Sequence[str], limits: Limits, metrics_path: str | None) -> dict[str, Any]:
    """The description for programs.

    Args:
        models: Names of the server's models; the first is the example.
        limits: The server's limits.
        metrics_path: Where the metrics are found; None for nowhere.
    """
    text = (FOLDER / "openapi.json").read_text(encoding="utf-8")
    for name in ("max_body_bytes", "max_rows"):
        text = text.replace(f"{{{name}}}", str(getattr(limits, name)))
    document: dict[str, Any] = json.loads(text)
    document["info"]["version"] = version("kuzov")
    metrics = document["paths"].pop(_METRICS)
    if metrics_path is not None:
        document["paths"][metrics_path] = metrics
    if models:
        document["components"]["parameters"]["model"]["example"] = models[0]
    return document


def docs_page(models: Sequence[str], limits: Limits) -> Answer:
    """The page for people, in English and in Russian, with commands that ask the first of the models."""
    html = (FOLDER / "docs.html").read_text(encoding="utf-8")
    for name, value in {
        "{megabytes}": str(limits.max_body_bytes // 1_000_000),
        "{rows}": str(limits.max_rows),
        "{seconds}": f"{limits.request_timeout_s:g}",
        "MODEL": quote(models[0], safe="") if models else "MODEL",
    }.items():
        html = html.replace(name, value)
    return html_page(html, styles=(LOOK, FOLDER / "docs.css"), scripts=(FOLDER / "docs.js",))
