"""The application that Ray Serve runs: the deployment of replicas, and how many of them there are."""

from __future__ import annotations

import ray
from ray import serve
from ray.serve.config import AutoscalingConfig, BackpressureConfig, RequestRouterConfig
from ray.serve.schema import LoggingConfig

from kuzov.ray.serving.replica import Replica, cores, replica_settings
from kuzov.ray.serving.settings import MAX_ONGOING, RaySettings, check_settings
from kuzov.serve.limits import RETRY_AFTER_S
from kuzov.serve.monitoring.log import LogForm
from kuzov.serve.settings import ServeSettings

DEPLOYMENT = "Replica"


def application(
    settings: ServeSettings, ray_settings: RaySettings, *, log_format: LogForm = "text"
) -> serve.Application:
    """The application, to be run by `ray.serve.run` or named in a configuration of Ray Serve.

    To be called where a cluster is connected, unless `max_replicas` is given.
    """
    check_settings(settings)
    deployment = serve.deployment(
        serve.ingress()(Replica),
        name=DEPLOYMENT,
        ray_actor_options={"num_cpus": cores(settings)},
        max_ongoing_requests=min(MAX_ONGOING, settings.limits.max_requests),
        max_queued_requests=settings.limits.max_requests,
        backpressure_config=BackpressureConfig(status_code=503, retry_after_s=RETRY_AFTER_S),
        autoscaling_config=AutoscalingConfig(
            min_replicas=ray_settings.min_replicas,
            max_replicas=ray_settings.max_replicas or max(ray_settings.min_replicas, room(settings)),
            target_ongoing_requests=ray_settings.queue,
            upscale_delay_s=ray_settings.upscale_delay_s,
            downscale_delay_s=ray_settings.downscale_delay_s,
        ),
        request_router_config=RequestRouterConfig(max_backoff_s=0.05),
        graceful_shutdown_timeout_s=settings.grace_s,
        # The journal tells of each request already.
        logging_config=LoggingConfig(enable_access_log=False),
    )
    return deployment.bind(replica_settings(settings), log_format)


def room(settings: ServeSettings) -> int:
    """Replicas that the cluster, as it is now, has cores for."""
    return int(ray.cluster_resources().get("CPU", 0) // cores(settings))
