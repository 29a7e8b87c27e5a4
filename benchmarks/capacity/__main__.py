"""What a cluster labels in an hour, what it costs and what bounds it: the tables of docs/scale.md.

    python -m benchmarks.capacity

Prints what the model says of clusters, as Markdown.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.capacity.model import SECONDS_AN_HOUR, Cluster, Photo, Prices, Store, cost, limit
from benchmarks.markdown import table
from kuzov.bulk.local import FETCHES

# A JPEG of 600 × 400 on a core of an AMD EPYC, fetched from a server near by: put yours here.
PHOTO = Photo(core_s=9.4125e-3, size=42_945, row_s=11e-6)
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
    """Print the tables."""
    head = ["cores", "photos a second", "limit", "a million", "a hundred million"]
    for store in STORES:
        rows = [_row(store, replace(NODE, nodes=nodes)) for nodes in NODES]
        print(f"{store.name}:\n\n{table(head, rows)}\n")


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
