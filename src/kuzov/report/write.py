"""Write a run's pictures and page beside its metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kuzov.atomic import written_whole
from kuzov.bundle.layout import REPORT
from kuzov.errors import KuzovError
from kuzov.report.album import make_album
from kuzov.report.charts import (
    draw_classes,
    draw_confusion,
    draw_curves,
    draw_learning_curve,
    draw_reliability,
    draw_unknown,
)
from kuzov.report.run_page import render_page
from kuzov.run_metrics import RunMetrics, TrainingMetrics, read_metrics
from kuzov.words import LANGUAGES, Language


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
    with ThreadPoolExecutor(1) as beside:  # one draws, the other decodes photos and asks the network
        album = beside.submit(make_album, metrics, bundle)
        charts = _draw(metrics)
    page = render_page(metrics, Path(metrics.bundle).name, charts, album.result())
    # A file's name need not be valid Unicode; a page must be.
    content = page.encode("utf-8", "replace")
    pictures = {f"{name}.png": chart["en"] for name, chart in charts.items()}
    write_files(run_folder, pictures | {REPORT.name: content})
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
        raise KuzovError(f"The report can't be written to {folder}: {error.strerror}.") from error


def _draw(metrics: RunMetrics) -> dict[str, dict[Language, bytes]]:
    draw: dict[str, Callable[[Language], bytes]] = {
        "reliability": lambda language: draw_reliability(metrics, language),
        "unknown": lambda language: draw_unknown(metrics, language),
        "confusion": lambda language: draw_confusion(metrics, language),
        "classes": lambda language: draw_classes(metrics, language),
    }
    if isinstance(metrics, TrainingMetrics):
        draw["curves"] = lambda language: draw_curves(metrics, language)
        if metrics.learning_curve.shots:
            draw["learning_curve"] = lambda language: draw_learning_curve(metrics.learning_curve, language)
    return {name: {language: chart(language) for language in LANGUAGES} for name, chart in draw.items()}
