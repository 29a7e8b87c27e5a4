"""`kuzov deploy`: what an operator needs to run a model elsewhere, rendered into a folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kuzov.cli.language import language_option, say
from kuzov.cli.model import model_option, model_or_default
from kuzov.cli.paths import A_PATH, A_PATH_OR_ADDRESS
from kuzov.words import FILES, Words, joined, plain

if TYPE_CHECKING:
    from kuzov.deploy.render import Deployment

MODEL = model_option("goes along")
WROTE = Words("Wrote {files} to {folder}. Next:", "В {folder} записано {files}. Дальше:")
MORE = Words("More in {readme}.", "Подробнее: {readme}.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")


def out_option(target: str) -> Callable[[Any], Any]:
    """`--out`, by default deploy/TARGET."""
    return click.option(
        "--out",
        type=A_PATH,
        default=Path("deploy", target),
        metavar="FOLDER",
        help="Where the files go; your own files there are never overwritten.",
    )


@click.group("deploy", short_help="Render what Docker, Heroku, Kubernetes or Ray needs.")
def command() -> None:
    """Render what an operator needs to run a model elsewhere into a folder, with a README of the next steps.

    The same command again brings the folder up to date.
    """


@command.command("docker", short_help="Dockerfiles and a Compose file.")
@MODEL
@out_option("docker")
@JSON
@language_option
def docker(model: Path | None, out: Path, as_json: bool) -> None:
    """Render Dockerfiles of kuzov serve and of TensorFlow Serving, and a Compose file that starts either.

    Or both behind one name, with Prometheus and Grafana beside them.
    """
    from kuzov.deploy.docker import docker_deployment

    finish(docker_deployment(model_or_default(model)), out, as_json=as_json)


@command.command("heroku", short_help="An app for Heroku's container stack.")
@MODEL
@out_option("heroku")
@JSON
@language_option
def heroku(model: Path | None, out: Path, as_json: bool) -> None:
    """Render an app for Heroku's container stack, or any host that hands the port in $PORT."""
    from kuzov.deploy.heroku import heroku_deployment

    finish(heroku_deployment(model_or_default(model)), out, as_json=as_json)


@command.command("kubernetes", short_help="Manifests for Kustomize, or for KServe.")
@click.option(
    "--image", required=True, metavar="IMAGE", help="The server's image, as in registry.example.com/cars:1."
)
@click.option(
    "--server",
    type=click.Choice(["kuzov", "tensorflow-serving", "kserve"]),
    default="kuzov",
    help="What answers; kserve is kuzov as a runtime of KServe's.",
)
@click.option(
    "--model-name",
    default="img_classifier",
    metavar="NAME",
    help="The model's name in the API's paths; the image holds it in /models/NAME.",
)
@click.option(
    "--storage-uri", metavar="URI", help="Where KServe fetches the model folder from, as in s3://models/cars."
)
@click.option(
    "--prometheus-url",
    show_default="http://prometheus-server.monitoring.svc",
    metavar="URL",
    help="Where the autoscaler asks how many requests are under way.",
)
@out_option("kubernetes")
@JSON
@language_option
def kubernetes(*, out: Path, as_json: bool, **settings: Any) -> None:
    """Render manifests for `kubectl apply -k`: a base, and overlays for trying it and for production.

    The number of servers follows the requests under way, through KEDA and Prometheus.
    """
    from kuzov.deploy.kubernetes import DEFAULT_PROMETHEUS_URL, kubernetes_deployment

    settings["prometheus_url"] = settings["prometheus_url"] or DEFAULT_PROMETHEUS_URL
    finish(kubernetes_deployment(**settings), out, as_json=as_json)


@command.command("ray", short_help="A service and a job for KubeRay.")
@MODEL
@click.option(
    "--image",
    required=True,
    metavar="IMAGE",
    help="What the image is to be called, as in registry.example.com/cars-ray:1.",
)
@click.option(
    "--photos",
    default="/data/photos",
    metavar="SOURCE",
    type=A_PATH_OR_ADDRESS,
    help="What the job labels: an address such as s3://bucket/photos, or a folder of its volume.",
)
@out_option("ray")
@JSON
@language_option
def ray(model: Path | None, image: str, photos: str, out: Path, as_json: bool) -> None:
    """Render what KubeRay needs: kuzov serve as a RayService, kuzov classify as a RayJob, and their image."""
    from kuzov.deploy.ray import ray_deployment

    finish(ray_deployment(model_or_default(model), image=image, photos=photos), out, as_json=as_json)


def finish(deployment: Deployment, out: Path, *, as_json: bool) -> None:
    """Write a deployment into its folder, and tell of it."""
    from kuzov.deploy.render import render

    render(deployment.files, out)
    if as_json:
        print(json.dumps(deployment.to_json(out), ensure_ascii=False))
        return
    wrote = WROTE.fill(files=FILES.of(len(deployment.files)), folder=str(out))
    say(joined([wrote, *map(plain, (f"cd {out}", *deployment.next))], "\n  "))
    say(MORE.fill(readme=Words(str(out / "README.md"), str(out / "README.ru.md"))))
