"""Write a run's pictures and page beside its metrics."""

from __future__ import annotations

import os
from pathlib import Path

from kuzov.errors import KuzovError
from kuzov.report.charts import (
    draw_classes,
    draw_confusion,
    draw_curves,
    draw_learning_curve,
    draw_reliability,
)
from kuzov.report.metrics import read_metrics
from kuzov.report.page import render_page

REPORT_FILE = "report.html"


def write_report(run_folder: Path) -> Path:
    """Write the pictures and report.html from a run's metrics.json.

    Each file appears whole or not at all, and takes the place of an older one; the page comes last.

    Args:
        run_folder: Holds metrics.json, as `kuzov train` wrote it.

    Returns:
        The page's path.

    Raises:
        KuzovError: metrics.json is missing or broken, or the folder can't be written.
    """
    metrics = read_metrics(run_folder)
    pictures = {
        "curves": draw_curves(metrics),
        "reliability": draw_reliability(metrics),
        "confusion": draw_confusion(metrics),
        "classes": draw_classes(metrics),
    }
    if metrics.learning_curve.shots:
        pictures["learning_curve"] = draw_learning_curve(metrics)
    page = render_page(metrics, run_folder.resolve().name, pictures)
    # A file's name need not be valid Unicode; a page must be.
    content = page.encode("utf-8", "replace")
    files = {f"{name}.png": picture for name, picture in pictures.items()} | {REPORT_FILE: content}
    try:
        for name, content in files.items():
            _replace(run_folder / name, content)
    except OSError as error:
        raise KuzovError(f"The report can't be written to {run_folder}: {error.strerror}.") from error
    return run_folder / REPORT_FILE


def _replace(file: Path, content: bytes) -> None:
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
