"""`kuzov deploy ray`: kuzov serve as a RayService of KubeRay's, and kuzov classify as a RayJob."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from kuzov.deploy.image import model_files, model_name
from kuzov.deploy.names import IMAGE, check, object_name
from kuzov.deploy.render import Deployment, read_templates
from kuzov.deploy.wheel import build_wheel
from kuzov.words import Words

# KubeRay's pods have to be told which Ray is in their image; templates/ray/requirements.txt says which.
RAY_VERSION = "2.60.0"

# KubeRay takes 47 characters for a RayJob's name; "-classify" is still to be added to ours.
_LONGEST_NAME = 38
_RENAME = Words("Rename its folder.", "Переименуйте её папку.")
# Two shells read the job's command, so it holds nothing that means something to one.
_SOURCE = re.compile(r"(?:[a-z][a-z0-9+.]*://|/)[A-Za-z0-9._/:@%+=,-]+")


def ray_deployment(model: Path, *, image: str, photos: str) -> Deployment:
    """The image of a Ray cluster's nodes, a RayService, a RayJob, READMEs.

    The job labels `photos`, an address or a folder of the volume that is mounted at /data.
    """
    check(image, IMAGE, "--image", "registry.example.com/cars-ray:1")
    check(photos, _SOURCE, "--photos", "s3://bucket/photos")
    served = model_name(model)
    name = object_name(served, longest=_LONGEST_NAME, remedy=_RENAME)
    wheel, packed = build_wheel()
    values = {
        "name": name,
        "model_name": served,
        "image": image,
        "photos": photos,
        "ray": RAY_VERSION,
        "wheel": wheel,
    }
    return Deployment(
        target="ray",
        files={PurePosixPath(wheel): packed, **model_files(model), **read_templates("ray", values)},
        next=(
            f"docker build -t {image} . && docker push {image}",
            "kubectl apply -f namespace.yaml -f service.yaml",
            f"kubectl -n {name} get rayservice {name} --watch",
        ),
    )
