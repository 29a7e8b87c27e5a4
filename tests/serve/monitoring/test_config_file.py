from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.errors import ConfigError
from kuzov.serve.monitoring.config_file import read_monitoring_config


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("prometheus_config { enable: true }", "/monitoring/prometheus/metrics"),
        ('prometheus_config: { enable: true, path: "/metrics" }', "/metrics"),
        ('prometheus_config { path: "/metrics" }', None),
        ("prometheus_config { enable: false }", None),
        ("", None),
    ],
)
def test_the_file_says_where_the_metrics_are(text: str, path: str | None, tmp_path: Path) -> None:
    file = tmp_path / "monitoring.config"
    file.write_text(text)
    assert read_monitoring_config(file) == path


def test_a_path_that_nothing_can_ask_for_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "monitoring.config"
    file.write_text('prometheus_config { enable: true path: "metrics" }')
    with pytest.raises(ConfigError) as caught:
        read_monitoring_config(file)
    assert str(caught.value) == (
        f'{file}: the path of prometheus_config must begin with "/", as "/monitoring/prometheus/metrics"; it '
        'is "metrics".'
    )
