"""The model: what each part of a cluster can do in a second; the slowest part is the limit."""

from __future__ import annotations

from dataclasses import dataclass

SECONDS_AN_HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """What a photo takes.

    Attributes:
        core_s: Time of a processor core, from its bytes to its row, in seconds.
        size: Bytes that are read or fetched.
        row_s: Time of the one process that keeps the results, in seconds.
    """

    core_s: float
    size: float
    row_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Where photos come from.

    Attributes:
        name: What it is called in a table.
        latency_s: From the request to the first byte, in seconds.
        bandwidth: Bytes a second to all nodes together.
        requests: Requests a second that it answers, at most.
    """

    name: str
    latency_s: float
    bandwidth: float = float("inf")
    requests: float = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """What labels them.

    Attributes:
        nodes: Machines.
        cores: Processor cores of each.
        fetches: Addresses that a node asks for at a time.
        bandwidth: Bytes a second that a node's network takes.
    """

    nodes: int
    cores: int
    fetches: int
    bandwidth: float = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What is paid, in dollars.

    Attributes:
        core_hour: A core for an hour, busy or not.
        million_requests: A million of the store's answers.
    """

    core_hour: float
    million_requests: float


def rates(photo: Photo, store: Store, cluster: Cluster) -> dict[str, float]:
    """Photos a second that each part alone would manage."""
    fetch_s = store.latency_s + photo.size / cluster.bandwidth
    return {
        "the processors": cluster.nodes * cluster.cores / photo.core_s,
        "the store's latency": cluster.nodes * cluster.fetches / fetch_s,
        "the nodes' network": cluster.nodes * cluster.bandwidth / photo.size,
        "the store's bandwidth": store.bandwidth / photo.size,
        "the store's requests": store.requests,
        "the one who keeps the results": 1 / photo.row_s,
    }


def limit(photo: Photo, store: Store, cluster: Cluster) -> tuple[str, float]:
    """The slowest part, and its photos a second."""
    each = rates(photo, store, cluster)
    name = min(each, key=lambda part: each[part])
    return name, each[name]


def cost(photos: float, rate: float, cluster: Cluster, prices: Prices) -> float:
    """Dollars for so many photos at so many a second."""
    core_hours = photos / rate / SECONDS_AN_HOUR * cluster.nodes * cluster.cores
    return core_hours * prices.core_hour + photos / 1e6 * prices.million_requests
