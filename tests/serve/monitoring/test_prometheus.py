from __future__ import annotations

import json
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kuzov.errors import ConfigError
from kuzov.serve.monitoring.prometheus import (
    Counter,
    Family,
    Histogram,
    exposition,
    gauge,
    read_monitoring_config,
    sum_snapshots,
)


def histogram(*values: float) -> Family:
    seconds = Histogram("seconds", (0.1, 1.0), "model")
    for value in values:
        seconds.observe(value, "m")
    return seconds.family()


def test_a_counter_is_a_line_for_each_set_of_labels_in_their_order() -> None:
    requests = Counter("requests_total", "model", "status")
    for model, status in [("m", "OK"), ("b", "OK"), ("m", "NOT_FOUND"), ("m", "OK")]:
        requests.add(model, status)
    assert exposition([requests.family()]).decode() == (
        "# TYPE requests_total counter\n"
        'requests_total{model="b",status="OK"} 1\n'
        'requests_total{model="m",status="NOT_FOUND"} 1\n'
        'requests_total{model="m",status="OK"} 2\n'
    )


def test_a_histogram_accumulates_its_buckets() -> None:
    assert exposition([histogram(0.05, 0.1, 0.5, 7)]).decode() == (
        "# TYPE seconds histogram\n"
        'seconds_bucket{model="m",le="0.1"} 2\n'
        'seconds_bucket{model="m",le="1"} 3\n'
        'seconds_bucket{model="m",le="+Inf"} 4\n'
        'seconds_sum{model="m"} 7.65\n'
        'seconds_count{model="m"} 4\n'
    )


def test_what_was_seen_several_times_counts_as_often() -> None:
    rows = Histogram("rows", (4.0,))
    rows.observe(3, times=5)
    assert rows.family()["samples"] == [((), (5, 0, 15.0))]


def test_a_histogram_without_labels_is_there_from_the_start() -> None:
    assert exposition([Histogram("rows", (4.0,)).family()]).decode() == (
        '# TYPE rows histogram\nrows_bucket{le="4"} 0\nrows_bucket{le="+Inf"} 0\nrows_sum 0\nrows_count 0\n'
    )


def test_a_gauge_is_what_it_is_now() -> None:
    page = exposition([gauge("open", {(): 3}), gauge("state", {("m", "1"): 1}, ("model", "version"))])
    assert page.decode() == '# TYPE open gauge\nopen 3\n# TYPE state gauge\nstate{model="m",version="1"} 1\n'


def test_no_label_can_break_out_of_its_quotes() -> None:
    hostile = 'm"} 1\nevil_total 7\\'
    requests = Counter("requests_total", "model")
    requests.add(hostile)
    requests.add("\udc80")
    page = exposition([requests.family()])
    assert page.decode() == (
        "# TYPE requests_total counter\n"
        r'requests_total{model="m\"} 1\nevil_total 7\\"} 1'
        "\n"
        'requests_total{model="?"} 1\n'
    )
    (family,) = text_string_to_metric_families(page.decode())
    assert [sample.labels["model"] for sample in family.samples] == [hostile, "?"]


def test_several_processes_are_summed_from_json() -> None:
    def process(start: float, ready: float, *seconds: float) -> list[Family]:
        return [
            histogram(*seconds),
            gauge("start", {(): start}, combine="min"),
            gauge("ready", {(): ready}, combine="max"),
            gauge("open", {(): 2}),
        ]

    snapshots = [process(10.5, 0, 0.05, 0.5), process(9.5, 1, 0.5)]
    both = sum_snapshots(json.loads(json.dumps(snapshots)))
    assert [family["samples"] for family in both] == [
        [(("m",), [1, 2, 0, 1.05])],
        [((), [9.5])],
        [((), [1])],
        [((), [4])],
    ]


def test_processes_that_saw_other_labels_are_summed_too() -> None:
    snapshots = []
    for names in (["b", "b"], ["a", "b"], []):
        requests = Counter("requests_total", "model")
        for name in names:
            requests.add(name)
        snapshots.append([requests.family()])
    (family,) = sum_snapshots(snapshots)
    assert family["samples"] == [(("a",), [1]), (("b",), [3])]


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
