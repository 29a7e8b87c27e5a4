"""`kuzov publish`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from kuzov.cli.language import language_option, say
from kuzov.cli.paths import A_PATH
from kuzov.words import Words

PUBLISHED = Words(
    "Published as {version}; a running server takes it within a second.",
    "Опубликовано как {version}; запущенный сервер перейдёт на неё за секунду.",
)


@click.command("publish", short_help="Publish a version that kuzov train kept back.")
@click.argument("version", type=A_PATH, default=Path("models/img_classifier"))
@language_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def command(version: Path, as_json: bool) -> None:
    """Publish VERSION, a folder that `kuzov train` named, or the newest one that waits in a model folder.

    It becomes the newest version by one rename, whole; the version before it stays beside it.
    """
    from kuzov.api import publish

    published = publish(version)
    if as_json:
        print(json.dumps({"bundle": str(published)}, ensure_ascii=False))
    else:
        say(PUBLISHED.fill(version=str(published)))
