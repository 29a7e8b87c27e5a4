"""The options of `kuzov serve`: TensorFlow Serving's under their own names, and kuzov's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kuzov.cli.paths import A_PATH_OR_ADDRESS, NamedPath
from kuzov.cli.tf_serving_flags import Port, toggle

COUNT = click.IntRange(min=1)
WHOLE = click.IntRange(min=0)


def _number(name: str, kind: click.IntRange, default: int | None, text: str, **options: Any) -> Any:
    return click.option(name, type=kind, default=default, help=text, **{"metavar": "N", **options})


def _seconds(name: str, default: int, text: str) -> Any:
    return click.option(name, metavar="SECONDS", type=click.FloatRange(min=0), default=default, help=text)


def _file(name: str, text: str) -> Any:
    return click.option(name, metavar="FILE", type=NamedPath(path_type=Path, dir_okay=False), help=text)


_OPTIONS = (
    click.option(
        "--port", type=Port(), default=8500, help="Port of gRPC; 0 turns it off, auto takes a free one."
    ),
    click.option(
        "--rest-api-port",
        type=Port(),
        default=8501,
        help="Port of the REST API; 0 turns it off, auto takes a free one.",
    ),
    click.option(
        "--host",
        default="0.0.0.0",
        metavar="HOST",
        help="Address to listen on; 127.0.0.1 keeps the server to this machine.",
    ),
    click.option(
        "--grpc-socket-path",
        metavar="PATH",
        type=A_PATH_OR_ADDRESS,
        help="A Unix socket that gRPC listens on as well.",
    ),
    click.option(
        "--model-name",
        metavar="NAME",
        show_default="$MODEL_NAME, else img_classifier",
        help="The model's name in the API's paths: /v1/models/NAME.",
    ),
    click.option(
        "--model-base-path",
        metavar="FOLDER",
        type=A_PATH_OR_ADDRESS,
        show_default="$MODEL_BASE_PATH/NAME, else models/img_classifier, else kuzov's own",
        help="Folder of the model's versions; the newest is served.",
    ),
    _file(
        "--model-config-file",
        "Several models, their version policies and labels: a ModelServerConfig in text form.",
    ),
    _seconds("--model-config-file-poll-wait-seconds", 0, "How often that file is read again; 0 for never."),
    _seconds("--file-system-poll-wait-seconds", 1, "How often to look for new versions; 0 looks once."),
    _number("--max-num-load-retries", WHOLE, 5, "How often a version that fails to load is tried again."),
    _number(
        "--load-retry-interval-micros", WHOLE, 60_000_000, "Time between two tries.", metavar="MICROSECONDS"
    ),
    _number(
        "--num-load-threads",
        WHOLE,
        0,
        "Versions loaded at a time; 0 for one at a time, and as many as there are cores at the start.",
    ),
    toggle(
        "--allow-version-labels-for-unavailable-models",
        help="Let a new label name a version that is not loaded yet.",
    ),
    toggle(
        "--enable-model-warmup", default=True, help="Run a version's warm-up requests before it is available."
    ),
    _number(
        "--num-request-iterations-for-warmup", WHOLE, 0, "How often each warm-up request runs; 0 is once."
    ),
    click.option(
        "--engine",
        type=click.Choice(["auto", "openvino", "tensorflow"]),
        default="auto",
        help="What computes the models; auto takes OpenVINO for kuzov's bundles, TensorFlow for all others.",
    ),
    click.option(
        "--precision",
        type=click.Choice(["auto", "f32", "bf16", "int8"]),
        default="auto",
        help="What OpenVINO computes in; auto takes int8 where model and processor have it.",
    ),
    click.option(
        "--tensorflow-intra-op-parallelism",
        "--tensorflow-session-parallelism",
        "threads",
        metavar="N",
        type=WHOLE,
        default=0,
        show_default="the number of cores",
        help="Threads of one inference.",
    ),
    toggle("--enable-batching", help="Batch by TensorFlow Serving's rules rather than kuzov's own."),
    _file("--batching-parameters-file", "Their parameters, in text form."),
    _file("--monitoring-config-file", "Whether and where Prometheus finds the metrics, in text form."),
    _file("--ssl-config-file", "Keys and certificates of gRPC, in text form."),
    click.option(
        "--grpc-channel-arguments",
        metavar="K=V,…",
        default="",
        show_default=False,
        help="gRPC's own options.",
    ),
    toggle("--enable-grpc-healthcheck-service", default=True, help="Answer grpc.health.v1."),
    toggle("--enable-serialization-as-tensor-content", help="Answer over gRPC in tensor_content."),
    toggle("--enable-signature-method-name-check", help="Let a signature do only what its method name says."),
    _number("--rest-api-timeout-in-ms", COUNT, 30_000, "Time that a request may take.", metavar="MS"),
    click.option(
        "--rest-api-num-threads",
        "decode_threads",
        metavar="N",
        type=WHOLE,
        default=0,
        show_default="the number of cores",
        help="Threads that read JSON and decode photos.",
    ),
    toggle("--rest-api-enable-cors-support", help="Let web pages from elsewhere call the REST API."),
    _number("--max-body-bytes", COUNT, 64 * 1024 * 1024, "Largest request."),
    _number("--max-rows", COUNT, 16_384, "Most photos, strings or examples in a request."),
    _number("--max-image-pixels", COUNT, 50_000_000, "Largest photo."),
    _number("--max-requests", COUNT, 128, "Requests under way; those past it are refused at once."),
    _file("--api-key-file", "Keys, one a line; requests must carry one of them."),
    _seconds("--grace", 30, "Time that requests under way have to finish after SIGTERM."),
    _number("--workers", COUNT, 1, "Processes that share the ports, for machines with many cores."),
    click.option(
        "--ray",
        is_flag=False,
        flag_value="",
        metavar="[HOST:PORT|auto|local]",
        help="Serve by replicas on a Ray cluster: that of $RAY_ADDRESS or of this machine, else a new one.",
    ),
    _number("--min-replicas", COUNT, None, "With --ray: replicas that are always there.", show_default="1"),
    _number(
        "--max-replicas",
        COUNT,
        None,
        "With --ray: replicas that there are under load.",
        show_default="as many as the cluster has cores for",
    ),
    click.option("--no-web", is_flag=True, help="Leave out the page at / that people ask in a browser."),
    toggle("--teach", help="Let whoever has the token that is printed then teach the model, in the page."),
    click.option(
        "--teach-photos",
        metavar="FOLDER",
        type=NamedPath(path_type=Path, file_okay=False),
        show_default="beside the model folder, named MODEL.photos",
        help="The photos to teach it by, as for kuzov train; those of the page are added to it.",
    ),
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        help="json writes one line for every request.",
    ),
)


def serving_options(command: Any) -> Any:
    """Give a command the options, in this order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
