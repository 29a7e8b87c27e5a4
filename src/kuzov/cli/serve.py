"""kuzov serve."""

from __future__ import annotations

import logging
from pathlib import Path

import click


@click.command(
    "serve",
    short_help="Serve a model over REST.",
    # TensorFlow Serving spells its options with underscores: --model_name is --model-name.
    context_settings={"token_normalize_func": lambda token: token.replace("_", "-")},
)
@click.option(
    "--model-name",
    metavar="NAME",
    default="img_classifier",
    show_default=True,
    help="The model's name in the API's paths: /v1/models/NAME.",
)
@click.option(
    "--model-base-path",
    metavar="FOLDER",
    show_default="models/img_classifier, or the model that comes with kuzov",
    type=click.Path(path_type=Path),
    help="Folder of the model's versions; the newest is served.",
)
@click.option(
    "--host",
    metavar="HOST",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0 lets other machines in.",
)
@click.option(
    "--rest-api-port",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    default=8501,
    show_default=True,
    help="Port of the REST API; 0 takes a free one.",
)
@click.option(
    "--precision",
    type=click.Choice(["auto", "f32", "bf16"]),
    default="auto",
    show_default=True,
    help="What to compute in. bf16 is quicker on processors that have it; auto uses it there if the "
    "model was proved in it.",
)
def command(
    *,
    model_name: str,
    model_base_path: Path | None,
    host: str,
    rest_api_port: int,
    precision: str,
) -> None:
    """Serve a model behind TensorFlow Serving's REST API, until Ctrl+C or SIGTERM.

    TensorFlow Serving's spelling of the options, --model_name, works too. When the server is ready, see what
    it serves with: curl http://127.0.0.1:8501/v1/models/img_classifier
    """
    from kuzov.cli.model import model_or_default
    from kuzov.serve.server import ServeSettings, serve

    logging.getLogger("kuzov").setLevel(logging.INFO)
    settings = ServeSettings(
        model_name=model_name,
        model_base_path=model_or_default(model_base_path),
        host=host,
        rest_api_port=rest_api_port,
        precision=precision,
    )
    serve(settings)
