"""The same cluster photo by photo: discrete events, in the order of `kuzov.bulk.local`."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.capacity.model import Cluster, Photo, Store
from kuzov.bulk.local import SPARE_THREADS


@dataclass(slots=True)
class _Node:
    """What is free on a node, and what waits there."""

    fetches: int
    threads: int
    cores: int
    network_free_s: float = 0.0
    fetched: int = 0
    decoding: int = 0


@dataclass(slots=True)
class Simulation:
    """A run over photos that all have the same size.

    Attributes:
        photo: What a photo takes; `core_s` is the mean of `shares`.
        store: Where they come from.
        cluster: What labels them.
        shares: Core seconds of photos, one of which is drawn for each.
    """

    photo: Photo
    store: Store
    cluster: Cluster
    shares: Sequence[float]
    _rng: random.Random = field(default_factory=lambda: random.Random(0))
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _count: int = 0
    _now: float = 0.0
    _left: int = 0
    _store_free_s: float = 0.0
    _asked_s: float = 0.0
    _writer_free_s: float = 0.0

    def seconds(self, photos: int) -> float:
        """How long the run takes, from the first request to the last row."""
        self._left = photos
        spare = self.cluster.cores + SPARE_THREADS
        for _ in range(self.cluster.nodes):
            self._ask(_Node(self.cluster.fetches, spare, self.cluster.cores))
        while self._events:
            self._now, _, act = heapq.heappop(self._events)
            act()
        return self._writer_free_s

    def _at(self, time_s: float, act: Callable[[], None]) -> None:
        self._count += 1  # of two events at the same time the first is first
        heapq.heappush(self._events, (time_s, self._count, act))

    def _ask(self, node: _Node) -> None:
        """Fill the node's places for fetches."""
        while node.fetches and self._left:
            self._left -= 1
            node.fetches -= 1
            self._asked_s = max(self._asked_s, self._now) + 1 / self.store.requests
            self._at(self._asked_s + self.store.latency_s, lambda: self._transfer(node))

    def _transfer(self, node: _Node) -> None:
        """Send a photo through the store's and the node's network, each of which takes one after another."""
        self._store_free_s = max(self._store_free_s, self._now) + self.photo.size / self.store.bandwidth
        network_s = self.photo.size / self.cluster.bandwidth
        node.network_free_s = max(node.network_free_s, self._now) + network_s
        self._at(max(self._store_free_s, node.network_free_s), lambda: self._arrive(node))

    def _arrive(self, node: _Node) -> None:
        node.fetched += 1
        self._take(node)

    def _take(self, node: _Node) -> None:
        """Have free threads take what was fetched; only then is its place free for the next fetch."""
        while node.fetched and node.threads:
            node.fetched -= 1
            node.threads -= 1
            node.fetches += 1
            node.decoding += 1
        self._ask(node)
        while node.decoding and node.cores:
            node.decoding -= 1
            node.cores -= 1
            self._at(self._now + self._rng.choice(self.shares), lambda: self._keep(node))

    def _keep(self, node: _Node) -> None:
        """Write the row, and free the core and the thread."""
        self._writer_free_s = max(self._writer_free_s, self._now) + self.photo.row_s
        node.cores += 1
        node.threads += 1
        self._take(node)
