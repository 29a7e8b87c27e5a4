"""`kuzov predict`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kuzov.cli.model import asked_model, model_or_default
from kuzov.errors import PhotoError

if TYPE_CHECKING:
    from kuzov.records import Prediction

RUNNERS_UP = 2


@click.command("predict", short_help="Tell which cars photos show.")
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO…")
@asked_model
@click.option("--url", help="Ask a server, such as http://127.0.0.1:8501/v1/models/img_classifier.")
@click.option(
    "--api-key-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="With --url: its first key goes along. Without it, the one in the variable KUZOV_API_KEY.",
)
@click.option("--language", type=click.Choice(["en", "ru"]), default="en", help="Of the names.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, an object a photo.")
def command(
    photos: tuple[str, ...],
    model: Path | None,
    url: str | None,
    api_key_file: Path | None,
    language: str,
    as_json: bool,
) -> None:
    """Tell which car each PHOTO shows, in this process, or by a server with --url.

    A photo that can't be read is named, the others are still answered, and the status at the end is 1.
    """
    if api_key_file is not None and url is None:
        raise click.UsageError("--api-key-file is for a server; name it with --url.")
    failed, answers = False, []
    for answer in _ask(photos, model, url, api_key_file):
        failed = failed or isinstance(answer, PhotoError)
        if as_json:
            answers.append(_as_json(answer))
        elif isinstance(answer, PhotoError):
            print(f"Error: {answer}", file=sys.stderr)
        else:
            print(_as_text(answer, language), flush=True)
    if as_json:
        print(json.dumps(answers, ensure_ascii=False))
    if failed:
        sys.exit(1)


def _ask(
    photos: tuple[str, ...], model: Path | None, url: str | None, api_key_file: Path | None
) -> Iterator[Prediction | PhotoError]:
    if url is not None:
        from kuzov.client.client import Client
        from kuzov.key_file import read_keys

        api_key = None if api_key_file is None else read_keys(api_key_file)[0]
        return Client(url, api_key=api_key).predict_many(photos)
    from kuzov.api import load

    return load(model_or_default(model)).predict_many(photos)


def _as_json(answer: Prediction | PhotoError) -> dict[str, object]:
    if isinstance(answer, PhotoError):
        return {"photo": answer.photo, "error": answer.reason}
    return answer.to_json()


def _as_text(answer: Prediction, language: str) -> str:
    """One line: the photo, the answer, and the next two."""

    def name(label: str) -> str:
        return str(getattr(answer.names[label], language)) if label in answer.names else label

    ranked = sorted(answer.probabilities.items(), key=lambda item: -item[1])
    first, *others = [f"{name(label)} {probability:.1%}" for label, probability in ranked[: 1 + RUNNERS_UP]]
    if answer.is_unknown:
        words = {
            "en": "none of these models, most like",
            "ru": "ни одна из этих моделей, больше всего похоже на",
        }
        first = f"{words[language]} {first}"
    return f"{answer.photo}: {first}" + (f"  ({', '.join(others)})" if others else "")
