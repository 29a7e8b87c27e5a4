"""What a cluster labels in an hour, what it costs and what bounds it: writes docs/capacity.md.

python -m benchmarks.capacity
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.capacity.model import SECONDS_AN_HOUR, Cluster, Photo, Prices, Store, cost, limit
from benchmarks.markdown import table
from benchmarks.process import REPOSITORY
from kuzov.bulk.local import FETCHES

# A JPEG of 600 × 400 in int8 on a core of an AMD EPYC without VNNI: put yours here.
PHOTO = Photo(core_s=22.0e-3, size=42_945, row_s=11e-6)
# What large clouds promise and charge, rounded, in 2026: put yours here.
PRICES = Prices(core_hour=0.04, million_requests=0.40)
NODE = Cluster(nodes=1, cores=8, fetches=8 * FETCHES, bandwidth=1.25e9)
NODES = (1, 4, 16, 64)
STORES = (
    Store(name="S3, photos under one prefix", latency_s=0.05, requests=5500),
    Store(name="S3, under ten prefixes", latency_s=0.05, requests=55_000),
    Store(name="a server behind 1 Gbit/s", latency_s=0.02, bandwidth=125e6),
)
MILLION = 1_000_000


def main() -> None:
    """Write the page."""
    prefix, _, gigabit = STORES
    page = Path(__file__).with_name("page.md").read_text(encoding="utf-8")
    told = page.format(
        core_ms=1000 * PHOTO.core_s,
        one_core=1 / PHOTO.core_s,
        size_kb=PHOTO.size / 1000,
        clusters="\n\n".join(f"{store.name}:\n\n{_clusters(store)}" for store in STORES),
        core_dollars=MILLION * PHOTO.core_s / SECONDS_AN_HOUR * PRICES.core_hour,
        gigabit_cores=gigabit.bandwidth / PHOTO.size * PHOTO.core_s,
        prefix_cores=prefix.requests * PHOTO.core_s,
        latency_cores=FETCHES / prefix.latency_s * PHOTO.core_s,
    )
    (REPOSITORY / "docs" / "capacity.md").write_text(told, encoding="utf-8")


def _clusters(store: Store) -> str:
    head = ["cores", "photos a second", "limit", "a million", "a hundred million"]
    return table(head, [_row(store, replace(NODE, nodes=nodes)) for nodes in NODES])


def _row(store: Store, cluster: Cluster) -> list[str]:
    part, rate = limit(PHOTO, store, cluster)
    hours = MILLION / rate / SECONDS_AN_HOUR
    dollars = cost(MILLION, rate, cluster, PRICES)
    return [
        f"{cluster.nodes * cluster.cores:,}",
        f"{rate:,.0f}",
        part,
        f"{60 * hours:.1f} min, ${dollars:.2f}",
        f"{100 * hours:.1f} h, ${100 * dollars:,.0f}",
    ]


if __name__ == "__main__":
    main()
