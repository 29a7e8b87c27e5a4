"""`kuzov serve`."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import click

from kuzov.cli.language import language_option
from kuzov.cli.serving_options import serving_options
from kuzov.cli.tf_serving_flags import refuse_unhonoured
from kuzov.errors import MissingExtraError


@click.command(
    "serve",
    short_help="Serve models over gRPC and REST, as TensorFlow Serving does.",
    # TensorFlow Serving spells its options with underscores: --model_name is --model-name.
    context_settings={"token_normalize_func": lambda token: token.replace("_", "-")},
)
@serving_options
@language_option
@click.version_option(package_name="kuzov", message="kuzov %(version)s")
@refuse_unhonoured
def command(*, log_format: Literal["text", "json"], **options: Any) -> None:
    """Serve models behind TensorFlow Serving's gRPC and REST APIs, until Ctrl+C or SIGTERM.

    TensorFlow Serving's spelling of the options, --model_name, works too. When the server is ready, see what
    it serves with: curl http://127.0.0.1:8501/v1/models/img_classifier
    """
    from kuzov.cli.serve_address import tell_address
    from kuzov.cli.serve_settings import new_token, ray_settings, serve_settings
    from kuzov.serve.monitoring.log import configure_logging
    from kuzov.serve.server import serve

    configure_logging(log_format)
    on_ray = ray_settings(options)
    token = new_token() if options["teach"] else None
    settings = serve_settings(options, token)
    # A log in JSON is read by programs, and a server without its page has none to open.
    told = log_format == "text" and not options["no_web"]
    when_ready = partial(tell_address, token=token) if told else None
    if on_ray is None:
        serve(settings, when_ready=when_ready)
        return
    try:
        from kuzov.ray.serving.cluster_server import serve_on_ray
    except ModuleNotFoundError as error:
        raise MissingExtraError("kuzov serve --ray", "cluster") from error
    serve_on_ray(settings, on_ray, log_format=log_format, when_ready=when_ready)
