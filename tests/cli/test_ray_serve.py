from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'kuzov[cluster]'")

from kuzov.cli.ray_serve import application
from kuzov.ray.serving import cluster_server
from kuzov.ray.serving.replica import Replica
from kuzov.ray.serving.settings import RaySettings
from kuzov.serve.monitoring import log
from tests.cli.conftest import Done, Kuzov


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What `serve_on_ray` would be told."""
    calls: list[Any] = []
    monkeypatch.setattr("kuzov.serve.monitoring.log.configure_logging", lambda *_: None)
    monkeypatch.setattr(
        cluster_server, "serve_on_ray", lambda *settings, **form: calls.append((*settings, form))
    )
    return calls


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        ("--ray", RaySettings()),
        ("--ray=auto", RaySettings(address="auto")),
        ("--ray 10.0.0.1:6379 --min_replicas 2", RaySettings(address="10.0.0.1:6379", min_replicas=2)),
        ("--ray --min-replicas 2 --max-replicas=8", RaySettings(min_replicas=2, max_replicas=8)),
    ],
)
def test_options(kuzov: Kuzov, served: list[Any], words: str, settings: RaySettings) -> None:
    done = kuzov("serve", *f"--model-base-path cars --log-format json {words}".split())
    assert done == Done(0, "", "")
    ((serve_settings, ray_settings, form),) = served
    assert serve_settings.models[0].base_path == Path("cars")
    assert (ray_settings, form) == (settings, {"log_format": "json", "when_ready": None})


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("--max-replicas 2", "--min-replicas and --max-replicas have no effect without --ray; add it."),
        ("--ray --teach", "--teach needs a server of its own; drop --ray, or teach on another server."),
    ],
)
def test_wrong_use(kuzov: Kuzov, served: list[Any], words: str, error: str) -> None:
    done = kuzov("serve", *f"--model-base-path cars {words}".split())
    assert (done.status, served) == (2, [])
    assert error in done.err


def test_ray_is_not_installed(kuzov: Kuzov, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kuzov.ray.serving.cluster_server", None)
    monkeypatch.setattr(log, "configure_logging", lambda _form: None)  # the other tests' log stays as it is
    told = "needs packages that are not installed. Install them with: pip install 'kuzov[cluster]'"
    assert f"kuzov serve --ray {told}" in kuzov("serve", "--ray").err


def test_the_same_words_in_a_configuration_file_of_ray_serve() -> None:
    args = {"options": "--model-base-path '/models/my cars' --max-replicas 8 --log-format json"}
    deployment = application(args)._bound_deployment
    settings, log_format = deployment.init_args
    assert (settings.models[0].base_path, log_format) == (Path("/models/my cars"), "json")
    assert deployment._deployment_config.autoscaling_config.max_replicas == 8
    assert issubclass(deployment.func_or_class, Replica)
