"""`kuzov deploy docker`: kuzov serve, TensorFlow Serving, or both behind one name, and what watches them."""

from __future__ import annotations

from pathlib import Path

from kuzov.deploy.image import image_files, model_name
from kuzov.deploy.render import Deployment, read_templates

_FLAGS = ("--log-format=json",)


def docker_deployment(model: Path) -> Deployment:
    """Dockerfiles, a Compose file, Prometheus' and Grafana's configuration, a README; see `image_files`."""
    name = model_name(model)
    return Deployment(
        target="docker",
        files={**image_files(model, _FLAGS), **read_templates("docker", {"model_name": name})},
        next=("docker compose up --build --detach", f"curl -s http://127.0.0.1:8501/v1/models/{name}"),
    )
