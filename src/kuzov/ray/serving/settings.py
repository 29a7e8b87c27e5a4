"""How the server is spread over a Ray cluster, and what of its settings can't be kept there."""

from __future__ import annotations

from dataclasses import dataclass

from kuzov.errors import ConfigError
from kuzov.serve.listening import EVERY_ADDRESS
from kuzov.serve.settings import ServeSettings

APPLICATION = "kuzov"

# Enough to keep a replica's streams busy and its batches full. What is more waits in the proxies, from where
# it goes to whichever replica is free first, and is not lost with one that dies.
MAX_ONGOING = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class RaySettings:
    """Where the replicas run, and how many there are.

    Attributes:
        address: The cluster's, as `kuzov.ray.cluster.connected` takes it.
        max_replicas: None for as many as the cluster has cores for when the server starts.
        queue: Requests under way or waiting that each replica is to have on average; where there are more for
            `upscale_delay_s`, replicas are added, where there are fewer for `downscale_delay_s`, removed.
    """

    address: str | None = None
    min_replicas: int = 1
    max_replicas: int | None = None
    queue: float = 8.0
    upscale_delay_s: float = 5.0
    downscale_delay_s: float = 300.0

    def __post_init__(self) -> None:
        highest = self.min_replicas if self.max_replicas is None else self.max_replicas
        if not 1 <= self.min_replicas <= highest:
            raise ConfigError(
                f"There can't be {self.min_replicas} to {highest} replicas: at least one must always be "
                "there, and the highest number can't be lower than the lowest."
            )


def check_settings(settings: ServeSettings) -> None:
    """Refuse what Ray Serve's proxies can't do, rather than leave it out unsaid."""
    rpc, rest = settings.rpc, settings.rest
    if settings.workers > 1:
        raise ConfigError(
            "--workers has no meaning with --ray: there --max-replicas says how many processes."
        )
    if rest.port is None:
        raise ConfigError(
            "REST can't be turned off with --ray: Ray Serve's proxies always have an HTTP port."
        )
    if rpc.tls is not None:
        raise ConfigError(
            "--ssl_config_file can't be kept with --ray: Ray Serve's gRPC proxy knows no encryption. Put a "
            "proxy that does before it, an ingress of Kubernetes or Envoy."
        )
    if rpc.socket_path is not None:
        raise ConfigError("--grpc_socket_path can't be kept with --ray: Ray Serve listens on ports only.")
    if rpc.channel_options:
        raise ConfigError(
            "--grpc_channel_arguments can't be kept with --ray: the gRPC server is Ray Serve's."
        )
    if rest.metrics_path is not None:
        raise ConfigError(
            "--monitoring_config_file can't be kept with --ray: every request for the metrics would be "
            "answered by another replica. Ray tells its own to Prometheus: those that begin with ray_serve_."
        )
    if rpc.port is not None and settings.host not in EVERY_ADDRESS:
        raise ConfigError(
            f"--host {settings.host} can't be kept with --ray: Ray Serve's gRPC proxy listens on every "
            "address. Turn gRPC off with --port 0, or leave --host out and close the port by a firewall."
        )
