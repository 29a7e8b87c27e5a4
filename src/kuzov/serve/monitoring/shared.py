"""The metrics of worker processes that share a port, as those of one server.

Prometheus reaches whichever worker takes its connection, so each leaves a copy of its metrics for the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from kuzov.serve.monitoring.prometheus import Snapshot, exposition, sum_snapshots

PUBLISH_EVERY_S = 1.0


class SharedMetrics:
    """One worker's metrics, and the latest copies of the others'."""

    def __init__(self, folder: Path, index: int, snapshot: Callable[[], Snapshot]) -> None:
        """Share through a folder.

        Args:
            folder: One that all workers, and nobody else, can write.
            index: The worker's number.
            snapshot: Takes this worker's metrics.
        """
        self._file = folder / f"{index}.json"
        self._snapshot = snapshot

    def publish(self) -> None:
        """Leave a copy for the others, whole or not at all."""
        staging = self._file.with_suffix(".staging")
        staging.write_text(json.dumps(self._snapshot()))
        staging.replace(self._file)

    def text(self) -> bytes:
        """The page that Prometheus reads: all workers' metrics, this one's as of now."""
        others = [file for file in sorted(self._file.parent.glob("*.json")) if file != self._file]
        return exposition(
            sum_snapshots([self._snapshot(), *(json.loads(file.read_text()) for file in others)])
        )
