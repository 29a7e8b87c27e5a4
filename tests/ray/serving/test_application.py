from __future__ import annotations

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'kuzov[cluster]'")

from kuzov.errors import ConfigError
from kuzov.ray.serving.application import application
from kuzov.ray.serving.settings import RaySettings
from kuzov.serve.limits import Limits
from kuzov.serve.settings import EngineSettings, ServeSettings

SETTINGS = ServeSettings(models=())


def deployed(settings: ServeSettings, ray_settings: RaySettings) -> tuple[object, ...]:
    """Cores of a replica, requests that it has under way, that wait, and how many replicas there are."""
    deployment = application(settings, ray_settings)._bound_deployment
    options = deployment._deployment_config
    scaling = options.autoscaling_config
    cpus = deployment.ray_actor_options["num_cpus"]
    numbers = (scaling.min_replicas, scaling.max_replicas, scaling.target_ongoing_requests)
    return cpus, options.max_ongoing_requests, options.max_queued_requests, numbers


def test_what_ray_is_told() -> None:
    few = RaySettings(min_replicas=2, max_replicas=5)
    assert deployed(SETTINGS, few) == (1, 16, 128, (2, 5, 8.0))
    wide = ServeSettings(
        models=(), engine=EngineSettings(threads=4), limits=Limits(max_requests=10), grace_s=5.0
    )
    assert deployed(wide, few) == (4, 10, 10, (2, 5, 8.0))


def test_the_cluster_has_room_for_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.cluster_resources", lambda: {"CPU": 7.0})
    assert deployed(SETTINGS, RaySettings())[-1] == (1, 7, 8.0)
    two_each = ServeSettings(models=(), engine=EngineSettings(threads=2))
    assert deployed(two_each, RaySettings())[-1] == (1, 3, 8.0)
    assert deployed(SETTINGS, RaySettings(min_replicas=9))[-1] == (9, 9, 8.0)


def test_a_setting_that_can_not_be_kept() -> None:
    with pytest.raises(ConfigError, match=r"^--workers has no meaning with --ray"):
        application(ServeSettings(models=(), workers=2), RaySettings())
