"""`kuzov serve` on Ray: by --ray, or named in a configuration file of Ray Serve."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ray.serve import Application

    from kuzov.serve.ray.settings import RaySettings


def ray_settings(options: Mapping[str, Any]) -> RaySettings | None:
    """How the server is spread over a cluster; None where it runs on this machine alone.

    Raises:
        UsageError: An option has no meaning with --ray, or without it.
    """
    from kuzov.serve.ray.settings import RaySettings

    counts = {name: options[name] for name in ("min_replicas", "max_replicas") if options[name] is not None}
    if options["ray"] is None:
        if counts:
            raise click.UsageError("--min-replicas and --max-replicas have no effect without --ray; add it.")
        return None
    if options["teach"]:
        raise click.UsageError("--teach needs a server of its own; drop --ray, or teach on another server.")
    return RaySettings(address=options["ray"] or None, **counts)


def application(args: Mapping[str, str]) -> Application:
    """The application that a configuration file of Ray Serve names as kuzov.cli.ray_serve:application.

    Args:
        args: The application's args there; "options" holds the words of `kuzov serve`, as in
            `--model-base-path /models/cars --max-replicas 8`. What they say of ports is left to the file.

    Raises:
        UsageError: The words are no options of `kuzov serve`.
        ConfigError: A setting can't be kept on Ray Serve.
    """
    from kuzov.cli.serve import command, serve_settings
    from kuzov.serve.ray.application import application
    from kuzov.serve.ray.settings import RaySettings

    words = ["--ray", *shlex.split(args.get("options", ""))]
    options = command.make_context("kuzov serve", words).params
    log_format = options.pop("log_format")
    spread = ray_settings(options) or RaySettings()
    return application(serve_settings(**options), spread, log_format=log_format)
