"""`kuzov explain`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kuzov.cli.doubt import doubted
from kuzov.cli.language import language_option, percent, say
from kuzov.cli.model import asked_model, model_or_default
from kuzov.cli.paths import A_PATH
from kuzov.errors import ConfigError
from kuzov.words import Words, plain

if TYPE_CHECKING:
    from kuzov.explain.explainer import Saliency

# As in kuzov.explain.methods, which would bring NumPy and Pillow into `--help`; a test compares them.
METHODS = ("layer-cam", "grad-cam++", "smoothgrad", "gradient")

EXPLAINED = Words(
    "{photo}: {answer}, explained by {method} in {out}", "{photo}: {answer}, объяснено ({method}) в {out}"
)
THE_PHOTO = Words(
    "{out} is the photo itself; give the picture another name.",
    "{out} — это сама фотография; назовите картинку иначе.",
)


@click.command("explain", short_help="Show where the model looks in a photo.")
@click.argument("photo", type=A_PATH)
@click.option(
    "--out",
    required=True,
    type=A_PATH,
    help="The picture to write: .png, .jpg or .webp.",
)
@asked_model
@click.option("--method", type=click.Choice(METHODS), default=METHODS[0], help="How it is told.")
@click.option(
    "--class", "label", metavar="ID", help="The class to explain; by default the most probable one."
)
@click.option("--side-by-side", is_flag=True, help="The photo, the heat and both, beside each other.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@language_option
def command(
    *, photo: Path, out: Path, model: Path | None, side_by_side: bool, as_json: bool, **options: Any
) -> None:
    """Show where the model looks in PHOTO to see a class in it: brighter counts more.

    The picture shows what the network sees, the car cut out of the photo. The methods smoothgrad and gradient
    need kuzov[fine-tune].
    """
    from kuzov.api import explain
    from kuzov.explain import pictures
    from kuzov.output_folder import require_writable

    # What is wrong with the name is told before any work.
    pictures.find_format(out)
    require_writable(out.parent)
    if out.exists() and photo.exists() and out.samefile(photo):
        raise ConfigError(THE_PHOTO.fill(out=str(out)))
    found = explain(photo, model_or_default(model), **options)
    draw = pictures.side_by_side if side_by_side else pictures.overlay
    pictures.save(draw(pictures.read_part(photo, found.part.box), found.heat), out)
    if as_json:
        print(json.dumps({**found.to_json(), "out": str(out)}, ensure_ascii=False))
    else:
        say(_as_text(found, out))


def _as_text(found: Saliency, out: Path) -> Words:
    """One line: the photo, the class that is explained, and where the picture lies."""
    prediction = found.prediction
    probability = percent(prediction.probabilities[found.label])
    answer = plain("{name} {probability}").fill(
        name=prediction.names[found.label].words, probability=probability
    )
    if found.label == prediction.label:
        answer = doubted(prediction, answer)
    return EXPLAINED.fill(photo=prediction.photo, answer=answer, method=found.method, out=str(out))
