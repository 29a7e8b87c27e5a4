"""TensorFlow Serving's configuration of monitoring: the file of --monitoring_config_file."""

from __future__ import annotations

from pathlib import Path

from kuzov.errors import ConfigError
from kuzov.wire.messages import MonitoringConfig
from kuzov.wire.text_file import read_text_file

DEFAULT_PATH = "/monitoring/prometheus/metrics"


def read_monitoring_config(file: Path) -> str | None:
    """Where Prometheus finds the metrics: a path of the REST port; None where the file does not enable them.

    Raises:
        ConfigError: The file can't be read, or the path is none.
    """
    prometheus = read_text_file(file, MonitoringConfig).prometheus_config
    if not prometheus.enable:
        return None
    path = prometheus.path or DEFAULT_PATH
    if not path.startswith("/"):
        raise ConfigError(
            f'{file}: the path of prometheus_config must begin with "/", as "{DEFAULT_PATH}"; it is "{path}".'
        )
    return path
