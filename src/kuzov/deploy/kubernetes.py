"""`kuzov deploy kubernetes`: kuzov serve, TensorFlow Serving, or kuzov as a runtime of KServe's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from kuzov.deploy.names import IMAGE, check, object_name
from kuzov.deploy.render import Deployment, read_templates
from kuzov.errors import ConfigError
from kuzov.words import Words

Server: TypeAlias = Literal["kuzov", "tensorflow-serving", "kserve"]

DEFAULT_PROMETHEUS_URL = "http://prometheus-server.monitoring.svc"

# The folders of templates that make up a server's manifests.
_PARTS: Mapping[Server, tuple[str, ...]] = {
    "kuzov": ("server", "kuzov"),
    "tensorflow-serving": ("server", "tensorflow-serving"),
    "kserve": ("kserve",),
}
_MODEL_NAME = re.compile(r"[A-Za-z0-9._-]+")
_HTTP_URL = re.compile(r"https?://[^\s\"'#]+")
_STORAGE_URI = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"'#]+")
# An object's name has 63 characters at most; "-dev" and KEDA's "keda-hpa-" are still to be added to ours.
_LONGEST_NAME = 50
_RENAME = Words("Name the model differently with --model-name.", "Назовите модель иначе: --model-name.")
URI_WITHOUT_KSERVE = Words(
    "--storage-uri is for KServe; with --server {server} the image holds the model.",
    "--storage-uri — для KServe; с --server {server} модель лежит в образе.",
)
KSERVE_WITHOUT_URI = Words(
    "KServe has to be told where the model folder is: add --storage-uri, as in "
    "--storage-uri s3://models/img_classifier.",
    "KServe нужно указать, где папка модели: добавьте --storage-uri, например "
    "--storage-uri s3://models/img_classifier.",
)


def kubernetes_deployment(
    *,
    image: str,
    server: Server = "kuzov",
    model_name: str = "img_classifier",
    storage_uri: str | None = None,
    prometheus_url: str = DEFAULT_PROMETHEUS_URL,
) -> Deployment:
    """A base, overlays for trying it and for production, and READMEs, ready for `kubectl apply -k`.

    The image holds the model in /models/<model_name>; KServe fetches the folder of its versions from
    `storage_uri` instead. Objects, namespaces and KServe's paths have the name in lower case, with hyphens.
    """
    check(image, IMAGE, "--image", "registry.example.com/cars:1")
    check(model_name, _MODEL_NAME, "--model-name", "img_classifier")
    check(prometheus_url, _HTTP_URL, "--prometheus-url", DEFAULT_PROMETHEUS_URL)
    name = object_name(model_name, longest=_LONGEST_NAME, remedy=_RENAME)
    served_as = name if server == "kserve" else model_name
    port = 8080 if server == "kserve" else 8501
    dockerfile = "Dockerfile.tensorflow-serving" if server == "tensorflow-serving" else "Dockerfile"
    values = {
        "name": name,
        "model": model_name,
        "server": server,
        "image": image,
        "prometheus": prometheus_url,
        "storage": _storage(server, storage_uri),
        "build": f"docker build -t {image} -f ../docker/{dockerfile} ../docker",
        "ask": _ask(server, served_as, port),
    }
    parts = [read_templates(f"kubernetes/{part}", values) for part in _PARTS[server]]
    return Deployment(
        target="kubernetes",
        files={path: text for part in parts for path, text in part.items()},
        next=(
            values["build"],
            f"docker push {image}",
            "kubectl apply -k overlays/dev",
            f"kubectl -n {name}-dev get pods --watch",
        ),
    )


def _storage(server: Server, uri: str | None) -> str:
    if server != "kserve":
        if uri is not None:
            raise ConfigError(URI_WITHOUT_KSERVE.fill(server=server))
        return ""
    if uri is None:
        raise ConfigError(KSERVE_WITHOUT_URI)
    check(uri, _STORAGE_URI, "--storage-uri", "s3://models/img_classifier")
    return uri


def _ask(server: Server, name: str, port: int) -> str:
    """A shell command that sends a photo."""
    url = f"http://127.0.0.1:{port}/v1/models/{name}:predict"
    if server != "tensorflow-serving":
        return f"curl -H 'Content-Type: image/jpeg' --data-binary @photo.jpg {url}"
    body = r'"{\"signature_name\": \"image_bytes\", \"instances\": [{\"b64\": \"$(base64 -w0 photo.jpg)\"}]}"'
    return f"echo {body} | curl -d @- {url}"
