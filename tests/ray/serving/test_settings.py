from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kuzov.errors import ConfigError
from kuzov.ray.serving.settings import RaySettings, check_settings
from kuzov.serve.rpc.ssl_config import SslConfig
from kuzov.serve.settings import RestSettings, RpcSettings, ServeSettings

TLS = SslConfig(server_key=b"", server_cert=b"")


def test_what_ray_serve_can_keep() -> None:
    check_settings(ServeSettings(models=(), api_key_file=Path("keys"), rest=RestSettings(cors=True)))
    check_settings(ServeSettings(models=(), host="127.0.0.1", rpc=RpcSettings(port=None)))


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        (
            {"workers": 2},
            "--workers has no meaning with --ray: there --max-replicas says how many processes.",
        ),
        (
            {"rest": RestSettings(port=None)},
            "REST can't be turned off with --ray: Ray Serve's proxies always have an HTTP port.",
        ),
        (
            {"rpc": RpcSettings(tls=TLS)},
            "--ssl_config_file can't be kept with --ray: Ray Serve's gRPC proxy knows no encryption. Put a "
            "proxy that does before it, an ingress of Kubernetes or Envoy.",
        ),
        (
            {"rpc": RpcSettings(socket_path="/run/kuzov")},
            "--grpc_socket_path can't be kept with --ray: Ray Serve listens on ports only.",
        ),
        (
            {"rpc": RpcSettings(channel_options=(("grpc.max_connection_age_ms", 1000),))},
            "--grpc_channel_arguments can't be kept with --ray: the gRPC server is Ray Serve's.",
        ),
        (
            {"rest": RestSettings(metrics_path="/metrics")},
            "--monitoring_config_file can't be kept with --ray: every request for the metrics would be "
            "answered by another replica. Ray tells its own to Prometheus: those that begin with ray_serve_.",
        ),
        (
            {"host": "127.0.0.1"},
            "--host 127.0.0.1 can't be kept with --ray: Ray Serve's gRPC proxy listens on every address. "
            "Turn gRPC off with --port 0, or leave --host out and close the port by a firewall.",
        ),
    ],
)
def test_what_it_can_not(settings: dict[str, Any], error: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check_settings(ServeSettings(models=(), **settings))
    assert str(refused.value) == error


@pytest.mark.parametrize(("lowest", "highest"), [(0, 1), (3, 2), (0, None)])
def test_numbers_of_replicas_that_can_not_be(lowest: int, highest: int | None) -> None:
    with pytest.raises(ConfigError) as refused:
        RaySettings(min_replicas=lowest, max_replicas=highest)
    assert str(refused.value) == (
        f"There can't be {lowest} to {lowest if highest is None else highest} replicas: at least one must "
        "always be there, and the highest number can't be lower than the lowest."
    )
