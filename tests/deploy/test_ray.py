from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import requires, version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from kuzov.bundle.ready import ready_model
from kuzov.cli.classify import command as classify_command
from kuzov.cli.main import kuzov
from kuzov.deploy.ray import RAY_VERSION, ray_deployment
from kuzov.deploy.render import render
from kuzov.errors import ConfigError
from kuzov.serve.limits import Limits
from tests.deploy.containers import console, hadolint, instruction, variables
from tests.deploy.manifests import NEWEST, OLDEST, Manifest, cluster_of, pod_templates, validate

IMAGE = "registry.example.com/cars-ray:1"
CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"


def files_of(photos: str = "s3://photos/2026") -> dict[str, str]:
    deployment = ray_deployment(ready_model(), image=IMAGE, photos=photos)
    return {path.as_posix(): text for path, text in deployment.files.items() if isinstance(text, str)}


def manifests(files: dict[str, str]) -> Iterator[Manifest]:
    for path in sorted(files):
        if path.endswith(".yaml"):
            yield from yaml.safe_load_all(files[path])


def of_kind(kind: str) -> Manifest:
    (found,) = (each for each in manifests(files_of()) if each["kind"] == kind)
    return found


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that Docker would build the image from."""
    folder = tmp_path_factory.mktemp("deploy") / "ray"
    render(ray_deployment(ready_model(), image=IMAGE, photos="/data/photos").files, folder)
    return folder


@pytest.mark.parametrize("release", [OLDEST, NEWEST])
def test_manifests_are_valid(release: str) -> None:
    kinds = set()
    for each in manifests(files_of()):
        validate(each, release)
        kinds.add(each["kind"])
    policies = {"Namespace", "NetworkPolicy", "PersistentVolumeClaim", "PodDisruptionBudget"}
    assert kinds == policies | {"RayJob", "RayService"}


def test_everything_is_in_one_namespace_and_of_one_image() -> None:
    found = list(manifests(files_of()))
    names = [each["metadata"] for each in found]
    assert {each.get("namespace", each["name"]) for each in names} == {"img-classifier"}
    text = "".join(files_of().values())
    assert set(re.findall(r"^ +image: (.+)$", text, flags=re.MULTILINE)) == {f'"{IMAGE}"'}


def test_the_serve_configuration_is_one_that_ray_takes() -> None:
    from ray.serve.schema import ServeDeploySchema

    service = of_kind("RayService")
    config = ServeDeploySchema.model_validate(yaml.safe_load(service["spec"]["serveConfigV2"]))
    waits_s = Limits().request_timeout_s + 1
    assert config.http_options.request_timeout_s == config.grpc_options.request_timeout_s == waits_s
    ports = {"serve": config.http_options.port, "serve-grpc": config.grpc_options.port}
    assert ports == {"serve": 8501, "serve-grpc": 8500}
    for template in pod_templates(service):
        named = {each["name"]: each["containerPort"] for each in template["spec"]["containers"][0]["ports"]}
        assert ports.items() <= named.items()
    for name in config.grpc_options.grpc_servicer_functions:
        module, _, function = name.rpartition(".")
        assert callable(getattr(import_module(module), function))


def test_a_replica_fills_a_pod_and_ray_makes_as_many_pods_as_there_may_be_replicas() -> None:
    service = of_kind("RayService")
    (declared,) = yaml.safe_load(service["spec"]["serveConfigV2"])["applications"]
    module, _, function = declared["import_path"].partition(":")
    # The image's folder of models is not here.
    options = declared["args"]["options"].replace("/models/img_classifier", shlex.quote(str(ready_model())))
    application = getattr(import_module(module), function)({"options": options})
    deployment = application._bound_deployment
    (workers,) = cluster_of(service)["workerGroupSpecs"]
    (container,) = workers["template"]["spec"]["containers"]
    assert float(container["resources"]["limits"]["cpu"]) == deployment.ray_actor_options["num_cpus"]
    scaling = deployment._deployment_config.autoscaling_config
    assert (scaling.min_replicas, scaling.max_replicas) == (workers["minReplicas"], workers["maxReplicas"])
    (settings, log_format) = deployment.init_args
    assert [each.name for each in settings.models] == ["img_classifier"]
    assert log_format == "json"


def test_the_job_is_a_command_that_kuzov_takes() -> None:
    words = shlex.split(of_kind("RayJob")["spec"]["entrypoint"])
    assert words[:2] == ["kuzov", "classify"]
    taken = classify_command.make_context("kuzov classify", words[2:], **kuzov.context_settings).params
    assert (taken["source"], taken["out"]) == ("s3://photos/2026", Path("/data/results"))
    assert taken["model"] == Path("/models/img_classifier")
    assert taken["ray"] == "auto"


def test_the_job_finds_its_results_and_photos_again() -> None:
    job, claim = of_kind("RayJob"), of_kind("PersistentVolumeClaim")
    cluster = cluster_of(job)
    for group, read_only in ((cluster["headGroupSpec"], False), (cluster["workerGroupSpecs"][0], True)):
        pod = group["template"]["spec"]
        volumes = {each["name"]: each for each in pod["volumes"]}
        assert volumes["data"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
        mounts = {each["name"]: each for each in pod["containers"][0]["volumeMounts"]}
        assert (mounts["data"]["mountPath"], mounts["data"].get("readOnly", False)) == ("/data", read_only)


def test_the_pods_are_locked_down() -> None:
    for found in (of_kind("RayService"), of_kind("RayJob")):
        for template in pod_templates(found):
            assert template["metadata"]["labels"]["app.kubernetes.io/instance"] == "img-classifier"
            pod = template["spec"]
            (container,) = pod["containers"]
            assert pod["securityContext"] | container["securityContext"] == {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "runAsGroup": 10001,
                "fsGroup": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]
            assert container["resources"]["limits"].keys() == {"cpu", "memory"}


def test_only_the_ports_that_answer_are_open_to_others() -> None:
    policy = of_kind("NetworkPolicy")["spec"]
    inside, others = policy["ingress"]
    assert "ports" not in inside
    assert [each["port"] for each in others["ports"]] == ["serve", "serve-grpc"]
    labels = next(pod_templates(of_kind("RayService")))["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert inside["from"][0]["podSelector"] == policy["podSelector"]


def test_hadolint_finds_nothing(context: Path) -> None:
    assert hadolint(context / "Dockerfile") == ""


def test_the_packages_are_those_that_a_cluster_needs_as_tested(context: Path) -> None:
    lines = (context / "requirements.txt").read_text(encoding="utf-8").splitlines()[1:]
    pinned = {requirement.name: requirement for requirement in map(Requirement, lines)}
    asked = [Requirement(line) for line in requires("kuzov") or ()]
    wanted = {
        each.name: each.extras
        for each in asked
        if each.marker is None or each.marker.evaluate({"extra": "cluster"})
    }
    assert {name: each.extras for name, each in pinned.items()} == wanted
    tested = dict(line.split("==") for line in CONSTRAINTS.read_text().split() if "==" in line)
    for name in wanted:
        assert str(pinned[name].specifier) == f"=={tested[name]}"
    assert RAY_VERSION == tested["ray"] == version("ray")
    for found in (of_kind("RayService"), of_kind("RayJob")):
        assert cluster_of(found)["rayVersion"] == RAY_VERSION


def test_what_is_copied_is_there_and_sent_to_docker(context: Path) -> None:
    sent = {line[1:] for line in (context / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    copied = {line.split()[0] for line in instruction(context / "Dockerfile", "COPY")}
    assert copied == sent
    assert all((context / each).exists() for each in copied)
    assert variables(context / "Dockerfile")["MODEL_NAME"] == "img_classifier"
    assert instruction(context / "Dockerfile", "USER") == ["10001:10001"]
    assert (context / "models" / "img_classifier" / "1" / "saved_model.pb").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"image": "cars: 1"},
            '--image "cars: 1" can\'t be used; it has to look like registry.example.com/cars-ray:1.',
        ),
        (
            {"photos": "s3://photos/*.jpg; ls"},
            '--photos "s3://photos/*.jpg; ls" can\'t be used; it has to look like s3://bucket/photos.',
        ),
        (
            {"photos": "photos"},
            '--photos "photos" can\'t be used; it has to look like s3://bucket/photos.',
        ),
    ],
)
def test_what_cannot_be_is_refused(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        ray_deployment(ready_model(), **{"image": IMAGE, "photos": "/data/photos", **arguments})
    assert str(refused.value) == message


def test_a_model_whose_name_is_too_long_for_a_job(tmp_path: Path) -> None:
    model = tmp_path / "cars_of_the_years_2024_to_2026_and_before"
    (model / "1").mkdir(parents=True)
    (model / "1" / "saved_model.pb").touch()
    with pytest.raises(ConfigError) as refused:
        ray_deployment(model, image=IMAGE, photos="/data/photos")
    assert str(refused.value) == (
        'The model name "cars_of_the_years_2024_to_2026_and_before" can\'t name an object of Kubernetes: '
        "that takes up to 38 letters, digits and hyphens, a letter first. Rename its folder."
    )


def test_both_readmes_give_the_same_commands_on_what_is_there() -> None:
    files = files_of()
    english, russian = console(files["README.md"]), console(files["README.ru.md"])
    assert english == russian
    named = {word for line in english for word in line.split() if word.endswith(".yaml")}
    assert named == {path for path in files if path.endswith(".yaml")}
    assert "kubectl -n img-classifier logs --follow job/img-classifier-classify" in english
    assert of_kind("RayJob")["metadata"]["name"] == "img-classifier-classify"
