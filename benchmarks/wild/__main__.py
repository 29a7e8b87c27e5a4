"""Measure kuzov on photos as people take them, and write docs/benchmarks.md.

    python -m benchmarks.no_car_photos .no-car     # once: photos without a car, from pinned packages
    python -m benchmarks.wild                      # all yardsticks, some minutes on a core
    python -m benchmarks.wild seller views         # some, which are only printed

Needs the photos beside the project (KUZOV_SHARED may name their folder's parent).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from benchmarks.markdown import table
from benchmarks.photos import shared_data
from benchmarks.process import REPOSITORY
from benchmarks.wild import atlas, no_car, russian_market, seller, small, streets, views
from benchmarks.wild.figure import Figure

YARDSTICKS: dict[str, Callable[[Path], Iterator[Figure]]] = {
    "russian-market": russian_market.measure,
    "seller": seller.measure,
    "views": views.measure,
    "streets": streets.measure,
    "small": small.measure,
    "no-car": no_car.measure,
    "atlas": atlas.measure,
}
BEFORE, TEMPLATE = (Path(__file__).with_name(name) for name in ("before.json", "page.md"))


def main() -> None:
    """Print the tables, and write the page if they are all there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.wild")
    parser.add_argument("yardsticks", nargs="*", help=f"of {', '.join(YARDSTICKS)}; by default all")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "benchmarks.md", help="the page")
    arguments = parser.parse_args()
    if unknown := set(arguments.yardsticks) - set(YARDSTICKS):
        parser.error(f"There is no yardstick {min(unknown)}; there are {', '.join(YARDSTICKS)}.")
    measured = {name: _measure(name) for name in arguments.yardsticks or YARDSTICKS}
    if arguments.json is not None:
        figures = {name: [asdict(figure) for figure in each] for name, each in measured.items()}
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    tables = compare(measured, read_figures(BEFORE))
    for name, each in tables.items():
        print(f"\n{name}\n\n{each}")
    if not arguments.yardsticks:
        page = TEMPLATE.read_text(encoding="utf-8").format(**tables)
        arguments.out.write_text(page, encoding="utf-8")


def _measure(name: str) -> list[Figure]:
    started = time.monotonic()
    figures = list(YARDSTICKS[name](shared_data("wild")))
    print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    return figures


def read_figures(file: Path) -> dict[str, list[Figure]]:
    """Figures by their yardstick, as `--json` wrote them."""
    written = json.loads(file.read_text(encoding="utf-8"))
    return {
        name: [Figure(**figure | {"interval": tuple(figure["interval"])}) for figure in each]
        for name, each in written.items()
    }


def compare(now: Mapping[str, list[Figure]], before: Mapping[str, list[Figure]]) -> dict[str, str]:
    """A Markdown table a yardstick; a figure that was not there before has a dash."""
    tables = {}
    for name, figures in now.items():
        old = {figure.what: figure.shown() for figure in before.get(name, [])}
        rows = [[each.what, str(each.photos), old.get(each.what, "–"), each.shown()] for each in figures]
        tables[name.replace("-", "_")] = table(["what", "photos", "before", "now"], rows)
    return tables


if __name__ == "__main__":
    main()
