"""Write a run's pictures and page beside its metrics."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kuzov.atomic import written_whole
from kuzov.bundle.layout import REPORT
from kuzov.errors import KuzovError, reason_of
from kuzov.report.album import make_album
from kuzov.report.charts import (
    draw_classes,
    draw_confusion,
    draw_curves,
    draw_learning_curve,
    draw_reliability,
    draw_unknown,
)
from kuzov.report.drawing import alone
from kuzov.report.run_page import render_page
from kuzov.run_metrics import RunMetrics, TrainingMetrics, read_metrics
from kuzov.words import Words

_UNWRITABLE = Words("The report can't be written to {folder}: {why}.", "Отчёт не записать в {folder}: {why}.")


def write_report(run_folder: Path, bundle: Path | None = None) -> Path:
    """Write the pictures and report.html from a run's metrics.json; returns the page's path.

    Each file appears whole or not at all, and takes the place of an older one; the page comes last. It shows
    photos where they still are where they were judged, and where the model looked at them if the bundle is
    still there.

    Args:
        run_folder: Holds metrics.json, as `kuzov train` or `kuzov evaluate` wrote it.
        bundle: Where the bundle is; by default where metrics.json says.

    Raises:
        KuzovError: metrics.json is missing or broken, or the folder can't be written.
    """
    metrics = read_metrics(run_folder)
    charts = _draw(metrics)
    page = render_page(metrics, Path(metrics.bundle).name, charts, make_album(metrics, bundle))
    # A file's name need not be valid Unicode; a page must be.
    content = page.encode("utf-8", "replace")
    drawings = {f"{name}.svg": alone(chart).encode() for name, chart in charts.items()}
    write_files(run_folder, drawings | {REPORT.name: content})
    return run_folder / REPORT.name


def write_training_report(run_folder: Path, version_dir: Path) -> None:
    """Write a training run's report, and put the page into the version, which a server may show it from.

    While the version is not published, it need not be where metrics.json says. Raises as `write_report` does.
    """
    page = write_report(run_folder, version_dir).read_bytes()
    write_files(version_dir / REPORT.parent, {REPORT.name: page})


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, made if missing, each whole or not at all, in this order.

    Raises:
        KuzovError: The folder can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            with written_whole(folder / name) as file:
                file.write_bytes(content)
    except OSError as error:
        raise KuzovError(_UNWRITABLE.fill(folder=str(folder), why=reason_of(error))) from error


def _draw(metrics: RunMetrics) -> dict[str, str]:
    charts = {}
    if isinstance(metrics, TrainingMetrics):
        charts["curves"] = draw_curves(metrics)
        if metrics.learning_curve.shots:
            charts["learning_curve"] = draw_learning_curve(metrics.learning_curve)
    return charts | {
        "reliability": draw_reliability(metrics),
        "unknown": draw_unknown(metrics),
        "confusion": draw_confusion(metrics),
        "classes": draw_classes(metrics),
    }
