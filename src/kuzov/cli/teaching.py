"""What `kuzov serve --teach` adds to the server."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from kuzov.bundle.ready import ready_model
from kuzov.errors import MissingExtraError
from kuzov.serve.limits import Limits
from kuzov.serve.repository.config import ModelConfig
from kuzov.serve.rest.extension import OpenExtension

_TOKEN_BYTES = 24


def teaching(
    options: Mapping[str, Any], models: Sequence[ModelConfig], limits: Limits
) -> tuple[OpenExtension, ...]:
    """The calls under /teach/, where they are asked for; the token that they need is printed.

    Raises:
        click.UsageError: The other options don't go with --teach.
        MissingExtraError: What training needs is not installed.
    """
    photos: Path | None = options["teach_photos"]
    if not options["teach"]:
        if photos is not None:
            raise click.UsageError("--teach-photos has no effect without --teach; add it.")
        return ()
    _check(options, models)
    from kuzov.teach.teach_routes import Teaching

    if any(find_spec(package) is None for package in ("tensorflow", "sklearn")):
        raise MissingExtraError("Teaching", "train")
    (model,) = models
    folder = photos or model.base_path.with_name(f"{model.base_path.name}.photos")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    click.echo(f"The page teaches {model.name} by the photos in {folder}, with this token: {token}", err=True)
    return (partial(Teaching, model=model, photos=folder, token=token, limits=limits),)


def _check(options: Mapping[str, Any], models: Sequence[ModelConfig]) -> None:
    if options["model_config_file"] is not None:
        raise click.UsageError(
            "--teach teaches one model; name it by --model-base-path rather than --model-config-file."
        )
    if options["workers"] > 1:
        raise click.UsageError("--teach needs a server of one process; leave --workers away.")
    if options["rest_api_port"] is None:
        raise click.UsageError("--teach is a part of the REST port; give it one by --rest-api-port.")
    if not options["file_system_poll_wait_seconds"]:
        raise click.UsageError(
            "--teach needs a server that looks for new versions; set --file-system-poll-wait-seconds over 0."
        )
    if models[0].base_path.resolve() == ready_model().resolve():
        raise click.UsageError(
            "--teach can't change the model that comes with kuzov. Train one of your own, "
            "kuzov train PHOTOS, and serve that: kuzov serve --teach --teach-photos PHOTOS"
        )
