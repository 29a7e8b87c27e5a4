from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path, PurePath
from typing import Any

import pytest
import yaml

from kuzov.bundle.ready import ready_model
from kuzov.deploy.kubernetes import Server, kubernetes_deployment
from kuzov.deploy.render import render
from kuzov.errors import ConfigError
from kuzov.words import shown
from tests.chaos.running import Server as Running
from tests.chaos.running import running
from tests.deploy.containers import console
from tests.deploy.manifests import NEWEST, Manifest, build, of_kind, validate

REPOSITORY = Path(__file__).parents[2]
IMAGE = "registry.example.com/cars:1"
SERVERS: tuple[Server, ...] = ("kuzov", "tensorflow-serving", "kserve")
OVERLAYS = [
    (server, overlay)
    for server in SERVERS
    for overlay in ("dev", "production", "production-by-cpu")
    if (server, overlay) != ("kserve", "production-by-cpu")
]


def files_of(server: Server) -> dict[PurePath, str]:
    uri = "s3://models/img_classifier" if server == "kserve" else None
    deployment = kubernetes_deployment(image=IMAGE, server=server, storage_uri=uri)
    return {path: text for path, text in deployment.files.items() if isinstance(text, str)}


def manifest(server: Server, path: str) -> Manifest:
    found: Manifest = yaml.safe_load(files_of(server)[PurePath(path)])
    return found


def pod_of(server: Server) -> Manifest:
    """The pod that the server runs in; for KServe, the part of it that the runtime tells."""
    if server == "kserve":
        spec = manifest(server, "base/serving-runtime.yaml")["spec"]
        predictor = manifest(server, "base/inference-service.yaml")["spec"]["predictor"]
        grace = predictor["terminationGracePeriodSeconds"]
        return {
            "containers": spec["containers"],
            "volumes": spec["volumes"],
            "terminationGracePeriodSeconds": grace,
        }
    pod: Manifest = manifest(server, "base/deployment.yaml")["spec"]["template"]["spec"]
    return pod


@pytest.mark.parametrize("server", SERVERS)
def test_manifests_are_valid(server: Server) -> None:
    checked = set()
    for path, text in files_of(server).items():
        if path.suffix != ".yaml" or path.name in {"kustomization.yaml", *patches(server)}:
            continue
        validate(yaml.safe_load(text), NEWEST)
        checked.add(path.as_posix())
    assert {"base/pod-disruption-budget.yaml", "base/network-policy.yaml"} < checked


def patches(server: Server) -> set[str]:
    """Names of the files that are parts of manifests."""
    kustomizations = [yaml.safe_load(text) for path, text in files_of(server).items()
                      if path.name == "kustomization.yaml"]  # fmt: skip
    return {patch["path"] for each in kustomizations for patch in each.get("patches", [])}


@pytest.mark.parametrize(("server", "overlay"), OVERLAYS)
def test_overlays_build_and_are_valid(server: Server, overlay: str, tmp_path: Path) -> None:
    render(files_of(server), tmp_path / "kubernetes")
    found = build(tmp_path / "kubernetes" / "overlays" / overlay)
    for each in found:
        validate(each)
    namespace = "img-classifier-dev" if overlay == "dev" else "img-classifier"
    assert {each["metadata"].get("namespace", each["metadata"]["name"]) for each in found} == {namespace}
    assert len({(each["kind"], each["metadata"]["name"]) for each in found}) == len(found)


@pytest.mark.parametrize("server", ["kuzov", "tensorflow-serving"])
def test_components_put_models_on_a_volume_and_open_the_metrics(server: Server, tmp_path: Path) -> None:
    render(files_of(server), tmp_path / "kubernetes")
    overlay = tmp_path / "kubernetes" / "overlays" / "production"
    with (overlay / "kustomization.yaml").open("a", encoding="utf-8") as file:
        file.write("components: [../../components/model-volume, ../../components/pod-monitor]\n")
    found = {each["kind"]: each for each in build(overlay)}
    for each in found.values():
        validate(each)
    pod = found["Deployment"]["spec"]["template"]["spec"]
    mounts = {each["name"]: each for each in pod["containers"][0]["volumeMounts"]}
    assert mounts["models"] == {"name": "models", "mountPath": "/models", "readOnly": True}
    claim = {each["name"]: each for each in pod["volumes"]}["models"]["persistentVolumeClaim"]
    assert claim["claimName"] == found["PersistentVolumeClaim"]["metadata"]["name"]
    port = found["PodMonitor"]["spec"]["podMetricsEndpoints"][0]["port"]
    assert port in {each["name"] for each in pod["containers"][0]["ports"]}


@pytest.mark.parametrize("server", SERVERS)
def test_the_pod_is_locked_down(server: Server) -> None:
    pod = pod_of(server)
    (container,) = pod["containers"]
    security = pod.get("securityContext", {}) | container["securityContext"]
    assert security == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"] == container["resources"]["requests"]
    assert {"cpu", "memory"} == container["resources"]["limits"].keys()


@pytest.mark.parametrize("server", SERVERS)
def test_the_pod_lives_on_while_requests_are_under_way(server: Server) -> None:
    pod = pod_of(server)
    grace_s = 30  # of kuzov serve; and TensorFlow Serving's requests may take as long
    pause_s = pod["containers"][0].get("lifecycle", {}).get("preStop", {"sleep": {"seconds": 0}})["sleep"]
    assert pod["terminationGracePeriodSeconds"] > pause_s["seconds"] + grace_s
    validate(of_kind("Pod", spec=pod))


@pytest.mark.parametrize("server", ["kuzov", "tensorflow-serving"])
def test_everything_is_about_the_same_pods(server: Server) -> None:
    deployment = manifest(server, "base/deployment.yaml")
    template = deployment["spec"]["template"]
    labels, ports = template["metadata"]["labels"], template["spec"]["containers"][0]["ports"]
    selectors = [
        manifest(server, "base/service.yaml")["spec"]["selector"],
        manifest(server, "base/pod-disruption-budget.yaml")["spec"]["selector"]["matchLabels"],
        manifest(server, "base/network-policy.yaml")["spec"]["podSelector"]["matchLabels"],
        deployment["spec"]["selector"]["matchLabels"],
    ]
    assert all(selector.items() <= labels.items() for selector in selectors)
    named = {each["name"]: each["containerPort"] for each in ports}
    assert named == {"rest": 8501, "grpc": 8500}
    served = {
        each["targetPort"]: each["port"] for each in manifest(server, "base/service.yaml")["spec"]["ports"]
    }
    assert served == named
    allowed = manifest(server, "base/network-policy.yaml")["spec"]["ingress"][0]["ports"]
    assert {each["port"] for each in allowed} == named.keys()
    assert template["metadata"]["annotations"]["prometheus.io/port"] == str(named["rest"])
    name = deployment["metadata"]["name"]
    for autoscaler in ("production/scaled-object", "production-by-cpu/horizontal-pod-autoscaler"):
        scaled = manifest(server, f"overlays/{autoscaler}.yaml")
        assert scaled["spec"]["scaleTargetRef"]["name"] == name
    assert "replicas" not in deployment["spec"], "the autoscaler decides"


@pytest.mark.parametrize("server", SERVERS)
def test_the_server_takes_the_arguments_and_answers_the_probes(server: Server, tmp_path: Path) -> None:
    """kuzov serve takes TensorFlow Serving's arguments too, and has its paths."""
    pod = pod_of(server)
    (container,) = pod["containers"]
    config = tmp_path / "monitoring.config"
    config.write_text(files_of(server)[PurePath("base/monitoring.config")], encoding="utf-8")
    for path in (argument.partition("=")[2] for argument in container["args"]):
        if path.endswith(".config"):
            assert PurePath(path).parent.as_posix() in {
                mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "monitoring"
            }
    arguments = [
        re.sub(r"=/etc/.*/monitoring.config$", f"={config}", argument)
        .replace("$(CPUS)", "2")
        .replace("{{.Name}}", "img-classifier")
        .replace("=/models/img_classifier", f"={ready_model()}")
        .replace("=/mnt/models", f"={ready_model()}")
        for argument in container["args"]
    ]
    program = ("-m", "kuzov", "serve", *arguments)
    with running(None, tmp_path / "log", "--rest_api_port=auto", "--port=auto", program=program) as started:
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if "httpGet" in container[probe]:
                fetch(started, container[probe]["httpGet"]["path"])
        name = "img-classifier" if server == "kserve" else "img_classifier"
        fetch(started, f"/v1/models/{name}/metadata")
        metrics = fetch(started, "/monitoring/prometheus/metrics")
        assert started.stop() == 0
    measured = re.findall(r"[a-z:_]*(?:under_way|latency_sum)", query_of(server))
    assert len(measured) == 1
    assert re.search(rf"^{measured[0]}[ {{]", metrics, re.MULTILINE), measured


def fetch(started: Running, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{started.rest_port}{path}") as answer:
        return bytes(answer.read()).decode()


def query_of(server: Server) -> str:
    """What KEDA asks Prometheus."""
    if server == "kserve":
        spec = manifest(server, "overlays/production/scaling.yaml")["spec"]
        query = spec["predictor"]["autoScaling"]["metrics"][0]["external"]["metric"]["query"]
    else:
        spec = manifest(server, "overlays/production/scaled-object.yaml")["spec"]
        query = spec["triggers"][0]["metadata"]["query"]
    assert 'namespace="img-classifier"' in query
    return str(query)


@pytest.mark.parametrize("image", ["cars", "registry.example.com:5000/team/cars:1", "cars@sha256:0123abcd"])
def test_images(image: str) -> None:
    files = kubernetes_deployment(image=image).files
    assert image in str(files[PurePath("base/deployment.yaml")])


def test_names_become_those_of_objects() -> None:
    assert "  name: c\n" in str(
        kubernetes_deployment(image=IMAGE, model_name="_c_").files[PurePath("base/service.yaml")]
    )
    deployment = kubernetes_deployment(image=IMAGE, model_name="Cars.2026_ru")
    texts = {path.as_posix(): str(text) for path, text in deployment.files.items()}
    assert "  name: cars-2026-ru\n" in texts["base/service.yaml"]
    assert "--model_name=Cars.2026_ru\n" in texts["base/deployment.yaml"]
    assert "namespace: cars-2026-ru-dev\n" in texts["overlays/dev/kustomization.yaml"]
    assert deployment.next == (
        f"docker build -t {IMAGE} -f ../docker/Dockerfile ../docker",
        f"docker push {IMAGE}",
        "kubectl apply -k overlays/dev",
        "kubectl -n cars-2026-ru-dev get pods --watch",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        *(
            (
                {"image": image},
                f'--image "{shown(image)}" can\'t be used; it has to look like registry.example.com/cars:1.',
            )
            for image in ("", "-cars", "cars: 1", 'cars"', "cars#1", "cars\n")
        ),
        (
            {"model_name": "my cars"},
            '--model-name "my cars" can\'t be used; it has to look like img_classifier.',
        ),
        (
            {"prometheus_url": "prometheus:9090"},
            '--prometheus-url "prometheus:9090" can\'t be used; it has to look like '
            "http://prometheus-server.monitoring.svc.",
        ),
        *(
            (
                {"model_name": name},
                f'The model name "{name}" can\'t name an object of Kubernetes: that takes up to 50 letters, '
                "digits and hyphens, a letter first. Name the model differently with --model-name.",
            )
            for name in ("2026", "no", "_", "c" * 51)
        ),
        (
            {"server": "kserve"},
            "KServe has to be told where the model folder is: add --storage-uri, as in --storage-uri "
            "s3://models/img_classifier.",
        ),
        (
            {"server": "kserve", "storage_uri": "models"},
            '--storage-uri "models" can\'t be used; it has to look like s3://models/img_classifier.',
        ),
        (
            {"server": "tensorflow-serving", "storage_uri": "s3://models/cars"},
            "--storage-uri is for KServe; with --server tensorflow-serving the image holds the model.",
        ),
    ],
)
def test_what_cannot_be_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        kubernetes_deployment(**{"image": IMAGE, **arguments})
    assert str(refused.value) == message


@pytest.mark.parametrize("server", SERVERS)
def test_both_readmes_give_the_same_commands_on_what_is_there(server: Server) -> None:
    files = files_of(server)
    english, russian = (console(files[PurePath(name)]) for name in ("README.md", "README.ru.md"))
    assert english == russian
    overlays = {
        PurePath(word) for line in english for before, word in pairwise(line.split()) if before == "-k"
    }
    assert overlays == {PurePath("overlays/dev"), PurePath("overlays/production")}
    assert all(overlay / "kustomization.yaml" in files for overlay in overlays)
    assert "$" not in "".join(files.values()).replace("$(CPUS)", "").replace("$ ", "").replace("$(base64", "")


@pytest.mark.parametrize("document", ["docs/kubernetes.md", "docs/kubernetes.ru.md"])
def test_every_command_of_the_page_works(
    document: str, run_kuzov: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    seen = []
    for line in console((REPOSITORY / document).read_text(encoding="utf-8")):
        words = line.split()
        if words[:3] == ["kuzov", "deploy", "kubernetes"]:
            done = run_kuzov(*words[1:], "--json")
            assert done.returncode == 0, done.stderr
            rendered = tmp_path / json.loads(done.stdout)["folder"]
            seen.append(rendered.name)
        elif words[:2] == ["kubectl", "kustomize"]:
            assert build(tmp_path / words[2])
    assert seen == ["kubernetes", "tf-serving", "kserve"]
