from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks.wild import __main__ as wild
from benchmarks.wild.figure import Figure, share

FIGURE = share("right", [True, False])


def test_a_figure_stands_beside_what_it_was() -> None:
    now = {"small-cars": [replace(FIGURE, value=0.75), replace(FIGURE, what="new")]}
    assert wild.compare(now, {"small-cars": [FIGURE]}) == {
        "small_cars": (
            "| what | photos | before | now |\n| --- | --- | --- | --- |\n"
            "| right | 2 | 50.0% (9.5% to 90.5%) | 75.0% (9.5% to 90.5%) |\n"
            "| new | 2 | – | 50.0% (9.5% to 90.5%) |"
        )
    }


def test_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    file.write_text(json.dumps({"views": [asdict(FIGURE)]}), encoding="utf-8")
    assert wild.read_figures(file) == {"views": [FIGURE]}


def test_the_page_has_a_place_for_every_yardstick() -> None:
    page = wild.TEMPLATE.read_text(encoding="utf-8")
    for name in wild.YARDSTICKS:
        assert page.count("{" + name.replace("-", "_") + "}") == 1


def test_what_was_measured_before_is_of_these_yardsticks() -> None:
    before = wild.read_figures(wild.BEFORE)
    assert set(before) <= set(wild.YARDSTICKS)
    assert all(isinstance(figure, Figure) for each in before.values() for figure in each)


def test_some_yardsticks_are_printed_and_kept_and_no_page_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, page = tmp_path / "figures.json", tmp_path / "page.md"
    monkeypatch.setattr(wild, "shared_data", lambda _name: tmp_path)
    monkeypatch.setitem(wild.YARDSTICKS, "views", lambda _photos: iter([FIGURE]))
    monkeypatch.setattr("sys.argv", ["wild", "views", "--json", str(kept), "--out", str(page)])
    wild.main()
    assert wild.read_figures(kept) == {"views": [FIGURE]}
    assert "| right | 2 |" in capsys.readouterr().out
    assert not page.exists()
