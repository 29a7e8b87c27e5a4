"""`kuzov serve` as an application that a configuration file of Ray Serve names."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kuzov.cli.main import kuzov
from kuzov.cli.serve import command

if TYPE_CHECKING:
    from ray.serve import Application


def application(args: Mapping[str, str]) -> Application:
    """The application that a configuration file of Ray Serve names as kuzov.cli.ray_serve:application.

    Args:
        args: The application's args there; "options" holds the words of `kuzov serve`, as in
            `--model-base-path /models/cars --max-replicas 8`. What they say of ports is left to the file.

    Raises:
        UsageError: The words are no options of `kuzov serve`.
        ConfigError: A setting can't be kept on Ray Serve.
    """
    from kuzov.cli.serve_settings import ray_settings, serve_settings
    from kuzov.ray.serving.application import application
    from kuzov.ray.serving.settings import RaySettings

    words = ["--ray", *shlex.split(args.get("options", ""))]
    # A command keeps the help options of its first context, so that has to be the group's in every process.
    options = command.make_context("kuzov serve", words, **kuzov.context_settings).params
    log_format = options.pop("log_format")
    spread = ray_settings(options) or RaySettings()
    return application(serve_settings(options), spread, log_format=log_format)
