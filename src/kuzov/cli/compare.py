"""`kuzov compare`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kuzov.cli.progress import stage_lines

if TYPE_CHECKING:
    from kuzov.report.comparison import BundleComparison, Side

STAGES = {"ask a": "Asking A about {count} photo(s)", "ask b": "Asking B about {count} photo(s)"}
MOST_LINES = 20


@click.command("compare", short_help="Set two models side by side on the same photos.")
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.argument("photos", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for a page, comparison.html, and comparison.json."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def command(a: Path, b: Path, photos: Path, out: Path | None, as_json: bool) -> None:
    """Tell which of the models A and B is better on PHOTOS, and whether that can be chance.

    A and B have the same classes; each is a model folder, whose newest version is taken, or one version's
    folder. PHOTOS has a subfolder a class; where validation/ lies inside, it alone is judged.
    """
    from kuzov.api import compare

    result = compare(a, b, photos, out, progress=stage_lines(STAGES))
    for rejected in result.rejected:
        print(f"Left out: {rejected}", file=sys.stderr)
    print(json.dumps(result.to_json(), ensure_ascii=False) if as_json else _summary(result, out))


def _summary(result: BundleComparison, out: Path | None) -> str:
    from kuzov.report.comparison_page import PAGE_FILE, verdict

    lines = {
        "A": _side(result.a),
        "B": _side(result.b),
        "Only one is right": f"A on {result.only_a}, B on {result.only_b} photo(s); "
        f"McNemar's exact test: p = {result.p_value:.2g}",
        "Verdict": verdict(result).en,
        **({} if out is None else {"Page": str(out / PAGE_FILE)}),
    }
    differences = [
        f"  {each.photo}: A {each.a} ({each.a_probability:.1%}), B {each.b} ({each.b_probability:.1%}); "
        f"it shows {each.label}"
        for each in result.differences
    ]
    shown = differences[:MOST_LINES]
    if len(differences) > MOST_LINES:
        shown.append(f"  and {len(differences) - MOST_LINES} more; --json tells all")
    heading = ["Where they differ:"] if shown else []
    return "\n".join([*(f"{name:<18} {text}" for name, text in lines.items()), *heading, *shown])


def _side(side: Side) -> str:
    low, high = side.interval
    return (
        f"{side.right} of {side.total} photos right: {side.accuracy:.1%}, "
        f"95 % interval {low:.1%} to {high:.1%} ({side.bundle})"
    )
