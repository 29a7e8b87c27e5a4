from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from kuzov.errors import ErrorCode
from kuzov.serve.monitoring import metrics as module
from kuzov.serve.monitoring.journal import Record
from kuzov.serve.monitoring.metrics import Metrics, process_families
from kuzov.serve.monitoring.prometheus import Counter, Histogram, exposition, sum_snapshots
from kuzov.serve.repository.servable import VersionStatus


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def ended(**known: Any) -> Record:
    """A REST prediction of model m, answered in 25 ms, unless told otherwise."""
    usual = {
        "protocol": "REST",
        "method": "POST",
        "path": "/v1/models/m:predict",
        "request_id": "1",
        "api": "predict",
        "model": "m",
        "seconds": 0.025,
    }
    return Record(**{**usual, **known})


def read(page: bytes) -> dict[str, Metric]:
    """The families by the name under which Prometheus files them: a counter's without _total."""
    return {family.name: family for family in text_string_to_metric_families(page.decode())}


def lines(metrics: Metrics, prefix: str) -> list[str]:
    return [
        line for line in exposition(metrics.snapshot({}, 0)).decode().splitlines() if line.startswith(prefix)
    ]


def test_requests_are_counted_as_tensorflow_serving_does(metrics: Metrics) -> None:
    metrics.count(ended())
    metrics.count(ended(protocol="GRPC", method="Predict", api="Predict"))
    metrics.count(ended(api="", method="GET"))
    metrics.count(ended(status=ErrorCode.INVALID))
    metrics.count(ended(model="", api="", status=ErrorCode.INVALID))
    assert lines(metrics, ":tensorflow:serving:request_count") == [
        ':tensorflow:serving:request_count{model_name="",status="INVALID_ARGUMENT"} 1',
        ':tensorflow:serving:request_count{model_name="m",status="INVALID_ARGUMENT"} 1',
        ':tensorflow:serving:request_count{model_name="m",status="OK"} 3',
    ]
    assert lines(metrics, ":tensorflow:serving:request_latency_sum") == [
        ':tensorflow:serving:request_latency_sum{model_name="m",API="",entrypoint="REST"} 25000',
        ':tensorflow:serving:request_latency_sum{model_name="m",API="Predict",entrypoint="GRPC"} 25000',
        ':tensorflow:serving:request_latency_sum{model_name="m",API="predict",entrypoint="REST"} 25000',
    ]


def test_what_tensorflow_serving_does_not_know_is_counted_only_as_ours(metrics: Metrics) -> None:
    metrics.count(ended(api=None, method="GET", path="/healthz", model=""))
    metrics.count(ended(protocol="GRPC", api=None, method="GetModelStatus"))
    assert lines(metrics, ":tensorflow:serving:request") == []
    assert lines(metrics, "kuzov_requests_total") == [
        'kuzov_requests_total{protocol="GRPC",model="m",version="",method="GetModelStatus",status="OK"} 1',
        'kuzov_requests_total{protocol="REST",model="",version="",method="GET",status="OK"} 1',
    ]


def test_latencies_have_tensorflow_servings_buckets(metrics: Metrics) -> None:
    metrics.count(ended(seconds=0.000_100))
    buckets = lines(metrics, ":tensorflow:serving:request_latency_bucket")
    start = ':tensorflow:serving:request_latency_bucket{model_name="m",API="predict",entrypoint="REST",le='
    assert len(buckets) == 34
    assert buckets[:5] == [
        f'{start}"10"}} 0',
        f'{start}"18"}} 0',
        f'{start}"32.4"}} 0',
        f'{start}"58.32"}} 0',
        f'{start}"104.976"}} 1',
    ]
    assert buckets[-2:] == [f'{start}"1.47476e+09"}} 1', f'{start}"+Inf"}} 1']


def test_requests_are_counted_by_version_and_method(metrics: Metrics) -> None:
    metrics.count(ended(version=7))
    metrics.count(ended(version=7))
    metrics.count(ended(version=8, status=ErrorCode.RESOURCE_EXHAUSTED))
    assert lines(metrics, "kuzov_requests_total") == [
        'kuzov_requests_total{protocol="REST",model="m",version="7",method="predict",status="OK"} 2',
        'kuzov_requests_total{protocol="REST",model="m",version="8",method="predict",'
        'status="RESOURCE_EXHAUSTED"} 1',
    ]
    assert lines(metrics, "kuzov_request_seconds_count") == [
        'kuzov_request_seconds_count{protocol="REST",method="predict"} 3'
    ]


def test_a_batch_counts_its_rows_and_how_long_each_request_waited(metrics: Metrics) -> None:
    metrics.observe_batch("m", 3, [0.25, 0.5])
    assert lines(metrics, "kuzov_batch_rows_sum") == ['kuzov_batch_rows_sum{model="m"} 3']
    assert lines(metrics, "kuzov_batch_rows_count") == ['kuzov_batch_rows_count{model="m"} 1']
    assert lines(metrics, "kuzov_queue_seconds_sum") == ["kuzov_queue_seconds_sum 0.75"]
    assert lines(metrics, "kuzov_queue_seconds_count") == ["kuzov_queue_seconds_count 2"]


def test_a_computation_counts_once_for_us_and_for_each_request_for_tensorflow_serving(
    metrics: Metrics,
) -> None:
    metrics.observe_inference("m", 0.5, requests=3)
    metrics.observe_inference("m", 0.25)
    assert lines(metrics, "kuzov_inference_seconds_sum") == ['kuzov_inference_seconds_sum{model="m"} 0.75']
    assert lines(metrics, "kuzov_inference_seconds_count") == ['kuzov_inference_seconds_count{model="m"} 2']
    latency = ":tensorflow:serving:runtime_latency"
    labels = '{model_name="m",API="Predict",runtime="TF1"}'
    assert lines(metrics, f"{latency}_count") == [f"{latency}_count{labels} 4"]
    assert lines(metrics, f"{latency}_sum") == [f"{latency}_sum{labels} 1750000"]


def test_the_page_tells_the_state_of_every_version(metrics: Metrics) -> None:
    statuses = {
        "m": (
            VersionStatus(version=2, state="AVAILABLE", engine="OpenVINO bf16"),
            VersionStatus(version=1, state="END"),
        )
    }
    page = exposition(metrics.snapshot(statuses, 5)).decode()
    assert (
        'kuzov_model_version_state{model="m",version="1",state="END",engine=""} 1\n'
        'kuzov_model_version_state{model="m",version="2",state="AVAILABLE",engine="OpenVINO bf16"} 1\n'
    ) in page
    assert "kuzov_requests_under_way 5\n" in page


def test_prometheus_can_read_the_whole_page(metrics: Metrics) -> None:
    empty = read(exposition(metrics.snapshot({}, 0)))
    metrics.count(ended(model='a"b\\c\nd'))
    metrics.observe_batch("m", 1, [0.0])
    metrics.observe_decode(0.02)
    metrics.observe_inference("m", 0.002)
    full = read(exposition(metrics.snapshot({"m": (VersionStatus(version=1, state="LOADING"),)}, 1)))
    assert list(full) == list(empty)
    assert {name: metric.type for name, metric in full.items() if not name.startswith("process_")} == {
        ":tensorflow:serving:request_count": "counter",
        ":tensorflow:serving:request_latency": "histogram",
        ":tensorflow:serving:runtime_latency": "histogram",
        "kuzov_requests": "counter",
        "kuzov_request_seconds": "histogram",
        "kuzov_queue_seconds": "histogram",
        "kuzov_decode_seconds": "histogram",
        "kuzov_inference_seconds": "histogram",
        "kuzov_batch_rows": "histogram",
        "kuzov_requests_under_way": "gauge",
        "kuzov_model_version_state": "gauge",
    }
    (count,) = full[":tensorflow:serving:request_count"].samples
    assert count.labels == {"model_name": 'a"b\\c\nd', "status": "OK"}


def test_names_that_anyone_may_ask_for_are_bounded(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_UNKNOWN_NAMES", 4)
    metrics.count(ended(model="x" * 201, status=ErrorCode.NOT_FOUND))  # too long to be kept
    for number in range(20):
        metrics.count(ended(model=f"no{number}", version=number, status=ErrorCode.NOT_FOUND))
    metrics.count(ended(model="loaded"))
    metrics.count(ended(model="loaded", status=ErrorCode.INVALID))
    assert lines(metrics, ":tensorflow:serving:request_count") == [
        ':tensorflow:serving:request_count{model_name="loaded",status="INVALID_ARGUMENT"} 1',
        ':tensorflow:serving:request_count{model_name="loaded",status="OK"} 1',
        ':tensorflow:serving:request_count{model_name="no0",status="NOT_FOUND"} 1',
        ':tensorflow:serving:request_count{model_name="no1",status="NOT_FOUND"} 1',
        ':tensorflow:serving:request_count{model_name="no2",status="NOT_FOUND"} 1',
        ':tensorflow:serving:request_count{model_name="other",status="NOT_FOUND"} 18',
    ]


def test_threads_lose_no_request(metrics: Metrics) -> None:
    with ThreadPoolExecutor(4) as pool:
        for _ in range(2000):
            pool.submit(metrics.count, ended())
    assert lines(metrics, ":tensorflow:serving:request_count") == [
        ':tensorflow:serving:request_count{model_name="m",status="OK"} 2000'
    ]


def test_the_metrics_of_several_processes_become_one_page() -> None:
    processes = [Metrics(), Metrics()]
    for process in processes:
        process.count(ended())
    processes[1].count(ended(model="b"))
    available = {"m": (VersionStatus(version=1, state="AVAILABLE"),)}
    snapshots = [json.loads(json.dumps(process.snapshot(available, 2))) for process in processes]
    page = exposition(sum_snapshots(snapshots))
    assert read(page)
    text = page.decode()
    assert ':tensorflow:serving:request_count{model_name="m",status="OK"} 2\n' in text
    assert ':tensorflow:serving:request_count{model_name="b",status="OK"} 1\n' in text
    assert "kuzov_requests_under_way 4\n" in text
    assert 'kuzov_model_version_state{model="m",version="1",state="AVAILABLE",engine=""} 1\n' in text


@pytest.mark.parametrize("broken", [Counter, Histogram])
def test_a_metric_that_fails_is_logged_and_harms_nothing(
    metrics: Metrics, broken: type, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(broken, "add" if broken is Counter else "observe", fail)
    metrics.count(ended())
    metrics.observe_batch("m", 1, [0.1])
    metrics.observe_inference("m", 0.1)
    metrics.observe_decode(0.1)
    assert "A metric could not be noted" in caplog.messages


def values() -> dict[str, float]:
    return {family["name"]: family["samples"][0][1][0] for family in process_families()}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="Only Linux tells.")
def test_the_process_tells_of_memory_files_time_and_start(tmp_path: Path) -> None:
    before = values()
    assert before["process_cpu_seconds_total"] > 0
    assert 1e6 < before["process_resident_memory_bytes"] < 1e12
    assert time.time() - 86400 < before["process_start_time_seconds"] <= time.time()
    with (tmp_path / "file").open("w"):
        assert values()["process_open_fds"] == before["process_open_fds"] + 1
    assert values()["process_start_time_seconds"] == before["process_start_time_seconds"]


@pytest.mark.parametrize("there", ["stat", "nothing"])
def test_what_can_not_be_read_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    (tmp_path / there).touch()
    monkeypatch.setattr("kuzov.serve.monitoring.metrics._PROC", tmp_path)
    (processor,) = process_families()
    assert (processor["name"], processor["kind"]) == ("process_cpu_seconds_total", "counter")
