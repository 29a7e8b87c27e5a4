"""What the server counts and measures: TensorFlow Serving's metrics under their names, and its own.

Durations are microseconds in TensorFlow Serving's metrics, and seconds in ours.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from kuzov.serve.monitoring.journal import Record
from kuzov.serve.monitoring.process import process_families
from kuzov.serve.monitoring.prometheus import Counter, Histogram, Labels, Snapshot, gauge
from kuzov.serve.repository.servable import VersionStatus

MAX_UNKNOWN_NAMES = 1000
MAX_NAME_LENGTH = 200
OTHER = "other"

MICROSECONDS = tuple(10 * 1.8**step for step in range(33))
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
ROWS = tuple(2**step for step in range(13))

# What TensorFlow Serving calls the runtime of every SavedModel; dashboards select by it.
_RUNTIME = "TF1"

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
        """Take note of a batch that was put together.

        Args:
            model: Whose batch it is.
            rows: Its rows, without padding.
            waited_s: How long each of its requests has waited for it.
        """
        with self._noting():
            self._batch_rows.observe(rows, model)
            for waited in waited_s:
                self._queue_seconds.observe(waited)

    def observe_decode(self, seconds: float) -> None:
        """Take note of how long the photos of a request took to decode."""
        with self._noting():
            self._decode_seconds.observe(seconds)

    def observe_inference(
        self, model: str, seconds: float, *, api: str = "Predict", requests: int = 1
    ) -> None:
        """Take note of a computation.

        Args:
            model: The loaded model that computed.
            seconds: How long it took.
            api: What the requests had called: "Predict", "Classify" or "Regress", over REST too.
            requests: How many requests it answered; TensorFlow Serving's metric counts each.
        """
        with self._noting():
            self._inference_seconds.observe(seconds, model)
            self._tf_runtime_latency.observe(seconds * 1e6, model, api, _RUNTIME, times=requests)

    def snapshot(self, statuses: Mapping[str, Sequence[VersionStatus]], under_way: int) -> Snapshot:
        """All metrics of this process, at this moment; JSON can carry them.

        Args:
            statuses: The versions by model.
            under_way: How many requests are being answered.
        """
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
