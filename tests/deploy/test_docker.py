from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import compose_spec
import pytest
import yaml

from kuzov.bundle.ready import ready_model
from kuzov.deploy.docker import docker_deployment
from kuzov.deploy.render import render
from kuzov.serve.monitoring.metrics import Metrics
from kuzov.serve.monitoring.prometheus import DEFAULT_PATH, read_monitoring_config
from tests.deploy.containers import flags, hadolint, instruction, stand_in, start, variables

DEFAULTED = re.compile(r"\$\{(\w+):-([^}]*)\}")
SERVERS = ("kuzov", "tensorflow-serving")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("docker")
    render(docker_deployment(ready_model()).files, out)
    return out


@pytest.fixture(scope="module")
def compose(folder: Path) -> Any:
    """The Compose file where no variable is set."""
    return yaml.safe_load(DEFAULTED.sub(r"\2", (folder / "compose.yaml").read_text(encoding="utf-8")))


def test_hadolint_finds_nothing(folder: Path) -> None:
    assert hadolint(folder / "Dockerfile") == hadolint(folder / "Dockerfile.tensorflow-serving") == ""


def test_the_compose_file_keeps_to_the_specification(compose: Any) -> None:
    compose_spec.PyCompose.from_json(json.dumps(compose))
    compose["services"]["kuzov"] |= {"portz": []}
    with pytest.raises(ValueError, match="extension key `portz`"):
        compose_spec.PyCompose.from_json(json.dumps(compose))
    del compose["services"]["kuzov"]["portz"]


def test_docker_compose_takes_the_file(folder: Path) -> None:
    try:
        subprocess.run(["docker", "compose", "version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("docker compose is not here.")
    subprocess.run(
        ["docker", "compose", "--profile", "*", "config", "--quiet"], cwd=folder, check=True, timeout=60
    )


def test_every_variable_has_a_default(folder: Path) -> None:
    text = (folder / "compose.yaml").read_text(encoding="utf-8")
    assert re.findall(r"\$(?!\{\w+:-)", text) == []
    assert len(DEFAULTED.findall(text)) == 10


def test_what_starts_alone_and_what_is_asked_for(compose: Any) -> None:
    profiles = {name: service.get("profiles", []) for name, service in compose["services"].items()}
    assert profiles == {
        "kuzov": [],
        "tensorflow-serving": ["tensorflow-serving", "both"],
        "both": ["both"],
        "prometheus": ["monitoring"],
        "grafana": ["monitoring"],
    }


def test_what_is_mounted_is_there(folder: Path, compose: Any) -> None:
    volumes = [volume for service in compose["services"].values() for volume in service["volumes"]]
    for source in (volume.split(":")[0] for volume in volumes):
        assert source in compose["volumes"] or (folder / source).exists(), source


@pytest.mark.parametrize("server", SERVERS)
def test_the_servers_may_do_as_little_as_they_need(folder: Path, compose: Any, server: str) -> None:
    service = compose["services"][server]
    assert service["read_only"]
    assert service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(volume.endswith(":ro") for volume in service["volumes"])
    build = service["build"]
    dockerfile = folder / ("Dockerfile" if build == "." else build["dockerfile"])
    assert instruction(dockerfile, "USER") == ["10001:10001"]


def test_no_two_services_share_a_port(compose: Any) -> None:
    published = [port.split(":")[-2] for service in compose["services"].values() for port in service["ports"]]
    assert sorted(published) == sorted(set(published))


def test_what_only_watches_is_published_to_this_machine_alone(compose: Any) -> None:
    for name in ("prometheus", "grafana"):
        assert [port.rsplit(":", 2)[0] for port in compose["services"][name]["ports"]] == ["127.0.0.1"]


def test_the_proxy_asks_both_servers(folder: Path, compose: Any) -> None:
    names = compose["services"]["both"]["environment"]
    assert sorted(names.values()) == sorted(SERVERS)
    used = re.findall(r"\{\$(\w+)\}:(\d+)", (folder / "Caddyfile").read_text())
    assert sorted(used) == sorted((name, port) for name in names for port in ("8500", "8501"))


def test_the_server_takes_the_monitoring_file_where_prometheus_looks(folder: Path) -> None:
    assert read_monitoring_config(folder / "monitoring" / "monitoring.config") == DEFAULT_PATH
    (scrape,) = yaml.safe_load((folder / "monitoring" / "prometheus.yml").read_text())["scrape_configs"]
    assert scrape["metrics_path"] == DEFAULT_PATH
    assert [each["targets"] for each in scrape["static_configs"]] == [[f"{name}:8501"] for name in SERVERS]


def test_the_dashboard_shows_metrics_and_a_data_source_that_there_are(folder: Path) -> None:
    known = {family["name"] for family in Metrics().snapshot({}, 0)}
    series = known | {f"{name}_{part}" for name in known for part in ("bucket", "sum", "count")}
    dashboard = json.loads((folder / "monitoring/grafana/dashboards/servers.json").read_text())
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(shown) == 12
    sources = yaml.safe_load((folder / "monitoring/grafana/datasources/prometheus.yaml").read_text())
    assert [{panel["datasource"]["uid"] for panel in dashboard["panels"]}] == [
        {each["uid"]} for each in sources["datasources"]
    ]
    assert set(re.findall(r"(?::tensorflow|kuzov_|process_)[\w:]+", " ".join(shown))) <= series


def test_tensorflow_serving_gets_the_port_and_the_folder_of_the_model(folder: Path, tmp_path: Path) -> None:
    """The origin's command was quoted so that it never ran, and looked in another folder."""
    programs = stand_in(tmp_path / "bin", "tensorflow_model_server")
    of_image = variables(folder / "Dockerfile.tensorflow-serving")
    server = start(
        folder / "tensorflow-serving.sh",
        "--monitoring_config_file=/etc/monitoring.config",
        path=programs,
        environment={**of_image, "PORT": "5000"},
    )
    assert server.communicate()[0].splitlines() == [
        "--port=8500",
        "--rest_api_port=5000",
        "--model_name=img_classifier",
        "--model_base_path=/models/img_classifier",
        "--monitoring_config_file=/etc/monitoring.config",
    ]
    assert server.returncode == 0
    base_path = Path(of_image["MODEL_BASE_PATH"], of_image["MODEL_NAME"])
    assert (folder / base_path.relative_to("/") / "1" / "saved_model.pb").is_file()


@pytest.mark.parametrize(
    ("dockerfile", "script"),
    [("Dockerfile", "entrypoint.sh"), ("Dockerfile.tensorflow-serving", "tensorflow-serving.sh")],
)
def test_the_entrypoint_is_a_script_that_is_copied(folder: Path, dockerfile: str, script: str) -> None:
    (entrypoint,) = instruction(folder / dockerfile, "ENTRYPOINT")
    assert json.loads(entrypoint) == ["sh", f"/usr/local/bin/{script}"]
    assert any(script in line.split() for line in instruction(folder / dockerfile, "COPY"))
    assert (folder / script).read_text().startswith("#!/bin/sh\n")
    if dockerfile == "Dockerfile":
        assert flags(folder / dockerfile) == ["--log-format=json"]
