"""What the server counts and measures: TensorFlow Serving's metrics under their names, and its own.

Durations are microseconds in TensorFlow Serving's metrics, and seconds in ours.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from kuzov.serve.monitoring.journal import Record
from kuzov.serve.monitoring.prometheus import Counter, Family, Histogram, Labels, Snapshot, gauge
from kuzov.serve.repository.servable import VersionStatus

MAX_UNKNOWN_NAMES = 1000
MAX_NAME_LENGTH = 200
OTHER = "other"

MICROSECONDS = tuple(10 * 1.8**step for step in range(33))
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
ROWS = tuple(2**step for step in range(13))

# What TensorFlow Serving calls the runtime of every SavedModel; dashboards select by it.
_RUNTIME = "TF1"
_PROC = Path("/proc/self")

_log = logging.getLogger(__name__)


class Metrics:
    """Counts requests and batches. Safe to use from several threads; each call takes a microsecond or two."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: set[tuple[str, ...]] = set()
        self._tf_requests = Counter(":tensorflow:serving:request_count", "model_name", "status")
        self._tf_request_latency = Histogram(
            ":tensorflow:serving:request_latency", MICROSECONDS, "model_name", "API", "entrypoint"
        )
        self._tf_runtime_latency = Histogram(
            ":tensorflow:serving:runtime_latency", MICROSECONDS, "model_name", "API", "runtime"
        )
        self._requests = Counter("kuzov_requests_total", "protocol", "model", "version", "method", "status")
        self._request_seconds = Histogram("kuzov_request_seconds", SECONDS, "protocol", "method")
        self._queue_seconds = Histogram("kuzov_queue_seconds", SECONDS)
        self._decode_seconds = Histogram("kuzov_decode_seconds", SECONDS)
        self._inference_seconds = Histogram("kuzov_inference_seconds", SECONDS, "model")
        self._batch_rows = Histogram("kuzov_batch_rows", ROWS, "model")

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Hold the lock. What goes wrong is only logged: no request fails for the sake of a metric."""
        try:
            with self._lock:
                yield
        except Exception:
            _log.exception("A metric could not be noted")

    def count(self, record: Record) -> None:
        """Count a request that has ended."""
        status = record.status_name
        method = record.api or record.method
        version = "" if record.version is None else str(record.version)
        with self._noting():
            # Only what is loaded can answer; anyone may ask for other names, and each would cost memory.
            proven = record.status is None
            model, version = self._admit(proven, record.model, version)
            (method,) = self._admit(proven, method)
            if record.api is not None:
                self._tf_requests.add(model, status)
                if proven:
                    micros = record.seconds * 1e6
                    self._tf_request_latency.observe(micros, model, record.api, record.protocol)
            self._requests.add(record.protocol, model, version, method, status)
            self._request_seconds.observe(record.seconds, record.protocol, method)

    def observe_batch(self, model: str, rows: int, waited_s: Sequence[float]) -> None:
        """Take note of a batch: its rows without padding, and how long each of its requests has waited."""
        with self._noting():
            self._batch_rows.observe(rows, model)
            for waited in waited_s:
                self._queue_seconds.observe(waited)

    def observe_decode(self, seconds: float) -> None:
        """Take note of how long the photos of a request took to decode."""
        with self._noting():
            self._decode_seconds.observe(seconds)

    def observe_inference(self, model: str, seconds: float, *, requests: int = 1) -> None:
        """Take note of a computation; TensorFlow Serving's metric counts each request that it answered."""
        with self._noting():
            self._inference_seconds.observe(seconds, model)
            self._tf_runtime_latency.observe(seconds * 1e6, model, "Predict", _RUNTIME, times=requests)

    def snapshot(self, statuses: Mapping[str, Sequence[VersionStatus]], under_way: int) -> Snapshot:
        """All metrics of this process, at this moment; JSON can carry them."""
        states: dict[Labels, float] = {
            (model, str(each.version), each.state, each.engine or ""): 1.0
            for model, versions in statuses.items()
            for each in versions
        }
        labels = ("model", "version", "state", "engine")
        with self._lock:
            measured = [
                metric.family()
                for metric in (
                    self._tf_requests,
                    self._tf_request_latency,
                    self._tf_runtime_latency,
                    self._requests,
                    self._request_seconds,
                    self._queue_seconds,
                    self._decode_seconds,
                    self._inference_seconds,
                    self._batch_rows,
                )
            ]
        return [
            *measured,
            gauge("kuzov_requests_under_way", {(): under_way}),
            gauge("kuzov_model_version_state", states, labels, combine="max"),
            *process_families(),
        ]

    def _admit(self, proven: bool, *names: str) -> Labels:
        """The names, or "other" in place of each once too many unproven ones have been seen."""
        if names in self._names:
            return names
        fits = len(self._names) < MAX_UNKNOWN_NAMES and all(len(name) <= MAX_NAME_LENGTH for name in names)
        if proven or fits:
            self._names.add(names)
            return names
        return (OTHER,) * len(names)


def process_families() -> list[Family]:
    """What the operating system tells of this process, by the names that Prometheus' own clients use.

    Processor time; on Linux also memory, open files and when the process began, if files can be opened.
    """
    cpu: Family = {**gauge("process_cpu_seconds_total", {(): time.process_time()}), "kind": "counter"}
    try:
        resident_pages = int((_PROC / "statm").read_text().split()[1])
        return [
            cpu,
            gauge("process_resident_memory_bytes", {(): resident_pages * os.sysconf("SC_PAGE_SIZE")}),
            gauge("process_open_fds", {(): len(list((_PROC / "fd").iterdir()))}),
            gauge("process_start_time_seconds", {(): _start_time()}, combine="min"),
        ]
    except OSError:
        return [cpu]


@cache  # the clocks are read one after the other, so each reckoning differs a little
def _start_time() -> float:
    """When the process began, in seconds since 1970."""
    # The command's name, in brackets, may hold spaces and brackets itself.
    fields = (_PROC / "stat").read_text().rpartition(")")[2].split()
    after_boot = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + after_boot
