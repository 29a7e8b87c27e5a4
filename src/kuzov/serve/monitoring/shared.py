"""The metrics of worker processes that share a port, as those of one server.

Prometheus reaches whichever worker takes its connection, so each leaves a copy of its metrics for the others.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kuzov.serve.monitoring.prometheus import Snapshot, exposition, sum_snapshots

PUBLISH_EVERY_S = 1.0

_log = logging.getLogger(__name__)


class SharedMetrics:
    """One worker's metrics, and the latest copies of the others'."""

    def __init__(self, folder: Path, index: int, snapshot: Callable[[], Snapshot]) -> None:
        """Share through a folder that all workers, and nobody else, can write; each has an index."""
        self._file = folder / f"{index}.json"
        self._snapshot = snapshot

    def publish(self) -> None:
        """Leave a copy for the others, whole or not at all."""
        staging = self._file.with_suffix(".staging")
        staging.write_text(json.dumps(self._snapshot()))
        staging.replace(self._file)

    async def publish_until(self, stop: asyncio.Event) -> None:
        """Leave a copy again and again. What goes wrong is only logged, once: metrics never end serving."""
        told = ""
        while not stop.is_set():
            try:
                await asyncio.to_thread(self.publish)
                told = ""
            except Exception as error:
                if str(error) != told:
                    _log.error("The metrics of this worker can't be left for the others: %s", error)
                told = str(error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PUBLISH_EVERY_S)

    def text(self) -> bytes:
        """The page that Prometheus reads: all workers' metrics, this one's as of now."""
        snapshots = [self._snapshot()]
        for file in sorted(self._file.parent.glob("*.json")):
            if file != self._file:
                with suppress(OSError, ValueError):  # what can't be read is left out
                    snapshots.append(json.loads(file.read_text()))
        return exposition(sum_snapshots(snapshots))
