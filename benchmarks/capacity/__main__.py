"""What a cluster labels in an hour, what it costs and what bounds it: the tables of docs/scale.md.

    python -m benchmarks.capacity [PHOTOS]

Makes JPEGs of 600 × 400 of a folder of photos, else of drawn cars; measures what a photo takes; runs
`kuzov classify` on one core, on a folder and against web servers of known speeds, and sets beside it what the
model says of the same; then tells what it says of clusters. Prints Markdown.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.capacity import measure
from benchmarks.capacity.model import SECONDS_AN_HOUR, Cluster, Photo, Prices, Store, cost, limit
from benchmarks.markdown import table
from benchmarks.photos import link_photos, make_photos
from kuzov.bulk.local import FETCHES

FEW, MANY = 100, int(os.environ.get("CAPACITY_PHOTOS", "1000"))
HERE = Cluster(nodes=1, cores=1, fetches=FETCHES)
# In turn the processor, the latency and the bandwidth are the limit.
STORES = (
    Store(name="20 ms", latency_s=0.02),
    Store(name="1 s", latency_s=1.0),
    Store(name="20 ms, 1 MB a second", latency_s=0.02, bandwidth=1e6),
)

# What large clouds promise and charge, rounded, in 2026: put yours here.
PRICES = Prices(core_hour=0.04, million_requests=0.40)
NODE = Cluster(nodes=1, cores=8, fetches=8 * FETCHES, bandwidth=1.25e9)
NODES = (1, 4, 16, 64)
CLUSTERS = (
    Store(name="S3, photos under one prefix", latency_s=0.05, requests=5500),
    Store(name="S3, under ten prefixes", latency_s=0.05, requests=55_000),
    Store(name="a server behind 1 Gbit/s", latency_s=0.02, bandwidth=125e6),
)
MILLION = 1_000_000


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory(prefix="capacity-") as place:
        folder = Path(place)
        kinds = make_photos(folder, *sys.argv[1:])
        row_s, row_size = measure.row(kinds, folder)
        photo, fetched, checks = _check(kinds, row_s, folder)
    rows = [
        ["core time, read from a disk", _core_time(photo)],
        ["core time, fetched", _core_time(fetched)],
        ["size", f"{photo.size / 1e3:.0f} kB"],
        ["listed, and found to be new", f"{1e6 * measure.place_in_the_plan():.0f} µs of one process"],
        ["its row in Parquet", f"{1e6 * row_s:.0f} µs of one process, {row_size:.0f} bytes"],
    ]
    print(table(["a photo of 600 × 400", "measured"], rows))
    print("\n" + table(["photos from", "measured, a second", "model", "limit"], checks))
    head = ["cores", "photos a second", "limit", "a million", "a hundred million"]
    for store in CLUSTERS:
        print(f"\n{store.name}:\n\n" + table(head, _of_clusters(fetched, store)))


def _core_time(photo: Photo) -> str:
    return f"{1000 * photo.core_s:.1f} ms: {1 / photo.core_s:.0f} a second a core"


def _check(kinds: Sequence[Path], row_s: float, folder: Path) -> tuple[Photo, Photo, list[list[str]]]:
    """A photo as read and as fetched, and rows that compare what is measured with what the model says of it.

    What it says builds on the wall time of a run over a folder, so that whatever else the machine does falls
    on both.
    """
    middle = sorted(kinds, key=lambda kind: kind.stat().st_size)[len(kinds) // 2]
    few_here, here = (
        measure.classify(link_photos([middle], count, folder / f"{count}"), folder / f"{count}.jsonl")
        for count in (FEW, MANY)
    )
    few, *runs = (
        measure.from_store(middle, store, count, folder / f"run-{number}")
        for number, (store, count) in enumerate([(STORES[0], FEW), *((store, MANY) for store in STORES)])
    )
    sent = Photo(core_s=here.seconds / here.photos, size=middle.stat().st_size, row_s=row_s)
    rows = [["a folder", f"{1 / sent.core_s:.1f}", "", "the processors"]]
    for store, run in zip(STORES, runs, strict=True):
        part, rate = limit(sent, store, HERE)
        rows.append([f"a server, {store.name}", f"{run.photos / run.seconds:.1f}", f"{rate:.1f}", part])
    size = statistics.fmean(kind.stat().st_size for kind in kinds)
    read, fetched = (
        Photo(core_s=measure.marginal(*pair), size=size, row_s=row_s)
        for pair in ((few_here, here), (few, runs[0]))
    )
    return read, fetched, rows


def _of_clusters(photo: Photo, store: Store) -> list[list[str]]:
    rows = []
    for nodes in NODES:
        cluster = replace(NODE, nodes=nodes)
        part, rate = limit(photo, store, cluster)
        hours = MILLION / rate / SECONDS_AN_HOUR
        dollars = cost(MILLION, rate, cluster, PRICES)
        rows.append(
            [
                f"{nodes * NODE.cores:,}",
                f"{rate:,.0f}",
                part,
                f"{60 * hours:.1f} min, ${dollars:.2f}",
                f"{100 * hours:.1f} h, ${100 * dollars:,.0f}",
            ]
        )
    return rows


if __name__ == "__main__":
    main()
