"""`kuzov explain`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kuzov.cli.model import asked_model, model_or_default
from kuzov.errors import ConfigError

if TYPE_CHECKING:
    from kuzov.explain.explainer import Saliency

# As in kuzov.explain.methods, which would bring NumPy and Pillow into `--help`; a test compares them.
METHODS = ("layer-cam", "grad-cam++", "smoothgrad", "gradient")


@click.command("explain", short_help="Show where the model looks in a photo.")
@click.argument("photo", type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="The picture to write: .png, .jpg or .webp.",
)
@asked_model
@click.option("--method", type=click.Choice(METHODS), default=METHODS[0], help="How it is told.")
@click.option(
    "--class", "label", metavar="ID", help="The class to explain; by default the most probable one."
)
@click.option("--side-by-side", is_flag=True, help="The photo, the heat and both, beside each other.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def command(
    *, photo: Path, out: Path, model: Path | None, side_by_side: bool, as_json: bool, **options: Any
) -> None:
    """Show where the model looks in PHOTO to see a class in it: brighter counts more.

    The picture shows what the network sees, the car cut out of the photo. The methods smoothgrad and gradient
    need kuzov[fine-tune].
    """
    from kuzov.api import explain
    from kuzov.explain import pictures

    pictures.find_format(out)  # what is wrong with the name is told before any work
    if out.exists() and photo.exists() and out.samefile(photo):
        raise ConfigError(f"{out} is the photo itself; give the picture another name.")
    found = explain(photo, model_or_default(model), **options)
    draw = pictures.side_by_side if side_by_side else pictures.overlay
    pictures.save(draw(pictures.read_part(photo, found.part.box), found.heat), out)
    if as_json:
        print(json.dumps({**found.to_json(), "out": str(out)}, ensure_ascii=False))
    else:
        print(_as_text(found, out))


def _as_text(found: Saliency, out: Path) -> str:
    """One line: the photo, the class that is explained, and where the picture lies."""
    prediction = found.prediction
    probability = prediction.probabilities[found.label]
    doubt = ""
    if found.label == prediction.label and prediction.is_unknown:
        doubt = "none of these models, most like "
    elif found.label == prediction.label and prediction.is_doubtful:
        doubt = "perhaps "
    name = prediction.names[found.label].en
    return f"{prediction.photo}: {doubt}{name} {probability:.1%}, explained by {found.method} in {out}"
