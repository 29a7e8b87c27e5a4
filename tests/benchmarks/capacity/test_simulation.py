from __future__ import annotations

import pytest

from benchmarks.capacity.model import Cluster, Photo, Store, limit
from benchmarks.capacity.simulation import Simulation

PHOTO = Photo(core_s=1.0, size=100, row_s=0.001)
NEAR = Store(name="near", latency_s=0.0)


def seconds(store: Store, cluster: Cluster, photos: int, photo: Photo = PHOTO) -> float:
    return Simulation(photo, store, cluster, [photo.core_s]).seconds(photos)


@pytest.mark.parametrize(("nodes", "cores"), [(1, 1), (2, 1), (1, 2), (3, 2)])
def test_cores_compute_side_by_side(nodes: int, cores: int) -> None:
    cluster = Cluster(nodes=nodes, cores=cores, fetches=4)
    assert seconds(NEAR, cluster, 60) == pytest.approx(60 / (nodes * cores), abs=0.01)


def test_the_last_rows_are_written_one_after_another() -> None:
    # All four photos are ready after a second, then each row takes a millisecond.
    assert seconds(NEAR, Cluster(nodes=4, cores=1, fetches=1), 4) == pytest.approx(1.004)


def test_a_place_for_a_fetch_is_free_again_once_its_photo_is_taken() -> None:
    quick = Photo(core_s=0.0, size=100, row_s=0.0)
    cluster = Cluster(nodes=1, cores=1, fetches=5)
    # Twenty photos are four rounds of five.
    assert seconds(Store(name="far", latency_s=2.0), cluster, 20, quick) == pytest.approx(8.0)


def test_photos_share_the_network() -> None:
    quick = Photo(core_s=0.0, size=100, row_s=0.0)
    narrow = Store(name="narrow", latency_s=0.0, bandwidth=50)
    assert seconds(narrow, Cluster(nodes=2, cores=1, fetches=8), 10, quick) == pytest.approx(20.0)
    own = Cluster(nodes=2, cores=1, fetches=8, bandwidth=50)
    assert seconds(NEAR, own, 16, quick) == pytest.approx(16.0)


def test_the_store_answers_so_many_a_second() -> None:
    quick = Photo(core_s=0.0, size=100, row_s=0.0)
    busy = Store(name="busy", latency_s=0.0, requests=10)
    assert seconds(busy, Cluster(nodes=8, cores=1, fetches=8), 50, quick) == pytest.approx(5.0)


@pytest.mark.parametrize(
    "store",
    [
        Store(name="fast", latency_s=0.05),
        Store(name="far", latency_s=2.0),
        Store(name="narrow", latency_s=0.05, bandwidth=1e7),
        Store(name="busy", latency_s=0.05, requests=150),
    ],
)
def test_a_long_run_comes_near_the_model(store: Store) -> None:
    photo = Photo(core_s=0.01, size=50_000, row_s=1e-5)
    cluster = Cluster(nodes=2, cores=2, fetches=64)
    _, rate = limit(photo, store, cluster)
    spread = [0.005, 0.01, 0.015]
    took_s = Simulation(photo, store, cluster, spread).seconds(10_000)
    assert 0.9 * rate < 10_000 / took_s <= 1.01 * rate
