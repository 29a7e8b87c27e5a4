"""`kuzov optimize`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kuzov.cli.progress import stage_lines

if TYPE_CHECKING:
    from kuzov.engine.int8 import Optimisation

STAGES = {"read": "Reading the photos ({count})", "quantise": "Quantising and proving"}


@click.command("optimize", short_help="Make a model faster: add an int8 form, if it answers as well.")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--photos",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder of photos that the model was trained on.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def command(bundle: Path, photos: Path, as_json: bool) -> None:
    """Add an int8 form to BUNDLE, a model folder, whose newest version is taken, or one version's folder.

    The training photos set the ranges of its numbers, the validation photos prove it: it is kept, and
    served from then on, where accuracy falls by no more than half a point and probabilities stay close;
    else the status is 1. Needs kuzov[optimize].
    """
    from kuzov.api import optimize

    result = optimize(bundle, photos, progress=stage_lines(STAGES))
    if not result.same_photos:
        print(f"The photos in {photos} are not just those that the model was trained on.", file=sys.stderr)
    if as_json:
        print(json.dumps(result.to_json(), ensure_ascii=False))
    elif result.kept:
        print(_summary(result))
    if not result.kept:
        print(f"Error: No int8 form was added to {result.bundle}: {result.reason}.", file=sys.stderr)
        sys.exit(1)


def _summary(result: Optimisation) -> str:
    found = result.comparison
    lines = {
        "Validation": f"{found.accuracy:.1%} of {found.photos} photos right, "
        f"{found.accuracy_before:.1%} in float32",
        "Probabilities": f"moved by {found.mean_change:.3f} on average, {found.largest_change:.3f} at most",
        "Unknown": f"moved by {found.mean_unknown_change:.3f} on average, "
        f"{found.largest_unknown_change:.3f} at most; {found.turned_unknown} photos changed sides",
        "One photo": f"{found.milliseconds:.1f} ms, {found.milliseconds_before:.1f} ms before",
        "Bundle": f"{result.bundle} now has an int8 form; a running server needs a restart to take it",
    }
    return "\n".join(f"{name:<14} {text}" for name, text in lines.items())
