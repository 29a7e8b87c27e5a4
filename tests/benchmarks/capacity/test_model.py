from __future__ import annotations

import pytest

from benchmarks.capacity.model import Cluster, Photo, Prices, Store, cost, limit, rates

PHOTO = Photo(core_s=0.01, size=50_000, row_s=1e-5)
CLUSTER = Cluster(nodes=4, cores=8, fetches=64, bandwidth=1e9)


def test_what_each_part_would_manage() -> None:
    store = Store(name="any", latency_s=0.05, bandwidth=1e9, requests=5500)
    assert rates(PHOTO, store, CLUSTER) == pytest.approx(
        {
            "the processors": 3200,
            "the store's latency": 256 / 0.05005,
            "the nodes' network": 80_000,
            "the store's bandwidth": 20_000,
            "the store's requests": 5500,
            "the one who keeps the results": 100_000,
        }
    )


def test_the_slowest_part_is_the_limit() -> None:
    assert limit(PHOTO, Store(name="fast", latency_s=0.05), CLUSTER) == ("the processors", 3200)
    assert limit(PHOTO, Store(name="far", latency_s=1.0), CLUSTER)[0] == "the store's latency"
    narrow = Store(name="narrow", latency_s=0.05, bandwidth=1e8)
    assert limit(PHOTO, narrow, CLUSTER) == ("the store's bandwidth", 2000)


def test_cores_are_paid_whether_they_are_busy_or_not() -> None:
    prices = Prices(core_hour=0.04, million_requests=0.40)
    # A million at 3200 a second take 312.5 s of 32 cores.
    assert cost(1e6, 3200, CLUSTER, prices) == pytest.approx(312.5 * 32 / 3600 * 0.04 + 0.40)
    assert cost(1e6, 1600, CLUSTER, prices) == pytest.approx(625 * 32 / 3600 * 0.04 + 0.40)
