import json
from pathlib import Path

import pytest

from kuzov.errors import KuzovError
from kuzov.report.write import write_report
from tests.report.conftest import Metrics

PICTURES = (
    "classes.svg",
    "confusion.svg",
    "curves.svg",
    "learning_curve.svg",
    "reliability.svg",
    "unknown.svg",
)


def save(metrics: Metrics, run_folder: Path) -> None:
    (run_folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_everything_stands_beside_the_metrics(metrics: Metrics, run_folder: Path) -> None:
    save(metrics, run_folder)
    (run_folder / "report.html").write_text("an older one", encoding="utf-8")
    assert write_report(run_folder) == run_folder / "report.html"
    assert names(run_folder) == sorted([*PICTURES, "metrics.json", "report.html"])
    page = (run_folder / "report.html").read_text(encoding="utf-8")
    assert "Version 1795361919" in page
    for name in set(PICTURES) - {"confusion.svg"}:  # with few classes it is a table in the page
        start, style, rest = (run_folder / name).read_text(encoding="utf-8").split("\n", 2)
        assert style.startswith("<style>")  # the page shows both languages, a file English alone
        assert f"{start}\n{rest}" in page


def test_no_learning_curve_makes_no_picture(metrics: Metrics, run_folder: Path) -> None:
    metrics["learning_curve"] = {"shots": [], "mean": [], "std": [], "draws": 3}
    save(metrics, run_folder)
    write_report(run_folder)
    assert "learning_curve.svg" not in names(run_folder)


def test_a_name_that_is_not_unicode(metrics: Metrics, run_folder: Path) -> None:
    metrics["photos"][4]["photo"] = "validation/qashqai/\udcff.jpg"
    metrics["config"]["photos"] = "\udcff"
    save(metrics, run_folder)
    assert "validation/qashqai/?.jpg" in write_report(run_folder).read_text(encoding="utf-8")


def test_broken_metrics_leave_the_folder_as_it_was(metrics: Metrics, run_folder: Path) -> None:
    del metrics["kept"]
    save(metrics, run_folder)
    with pytest.raises(KuzovError, match="Object missing required field `kept`"):
        write_report(run_folder)
    assert names(run_folder) == ["metrics.json"]


def test_a_folder_that_cant_be_written(metrics: Metrics, run_folder: Path) -> None:
    save(metrics, run_folder)
    (run_folder / "curves.svg").mkdir()
    with pytest.raises(KuzovError) as caught:
        write_report(run_folder)
    assert str(caught.value) == f"The report can't be written to {run_folder}: Is a directory."
    assert names(run_folder) == ["curves.svg", "metrics.json"]
