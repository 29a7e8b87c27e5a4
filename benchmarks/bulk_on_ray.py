"""What a second worker of one core adds to `kuzov classify --ray`.

    python -m benchmarks.bulk_on_ray [PHOTOS]

Each round classifies the same JPEGs of 600 × 400 by three clusters on this machine, whose nodes are held to a
core each: one node, with the head and the driver on the node's core, as on a machine of one core; one node,
with a second core for them; two nodes, with them on the nodes' cores, as on two machines of one core.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ray import cluster_utils

from benchmarks.markdown import table
from benchmarks.photos import link_photos, make_photos
from kuzov.api import classify
from kuzov.bundle.ready import ready_model

PHOTOS = int(os.environ.get("BULK_PHOTOS", "10000"))
ROUNDS = int(os.environ.get("BULK_ROUNDS", "3"))
NEARLY = 0.9  # after that nodes end for want of work
STORE_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Setup:
    """Nodes of one core each, and the cores that they, the head and the driver have together."""

    nodes: int
    cores: int
    words: str


SETUPS = (
    Setup(1, 1, "one node, all on its core"),
    Setup(1, 2, "one node, a second core for the rest"),
    Setup(2, 2, "two nodes, all on their cores"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Photos a second of one classification, start included; and from the first answers until `NEARLY` all."""

    whole: float
    steady: float


def run(photos: Path, out: Path, setup: Setup) -> Run:
    """Classify once."""
    machine = os.sched_getaffinity(0)
    had = sorted(machine)[: setup.cores]
    os.sched_setaffinity(0, had)  # whatever is begun from here inherits it
    head = {"num_cpus": 0, "object_store_memory": STORE_BYTES, "include_dashboard": False}
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args=head)
    try:
        for number in range(setup.nodes):
            os.sched_setaffinity(0, {had[number]})
            cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
        os.sched_setaffinity(0, had)
        told: list[tuple[int, float]] = []

        def progress(stage: str, done: int, total: int) -> None:
            if stage == "classify" and done and (not told or (len(told) == 1 and done > NEARLY * total)):
                told.append((done, time.monotonic()))

        result = classify(str(photos), out, model=ready_model(), ray=cluster.address, progress=progress)
    finally:
        os.sched_setaffinity(0, machine)
        cluster.shutdown()
    (first, first_s), (last, last_s) = told
    return Run(whole=result.classified / result.seconds, steady=(last - first) / (last_s - first_s))


def main() -> None:
    """Print the table."""
    if len(os.sched_getaffinity(0)) < max(each.cores for each in SETUPS):
        raise SystemExit("Two nodes need two cores.")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with tempfile.TemporaryDirectory(prefix="bulk-on-ray-") as place:
        folder = Path(place)
        photos = link_photos(make_photos(folder, *sys.argv[1:]), PHOTOS, folder / "photos")
        runs: dict[Setup, list[Run]] = {each: [] for each in SETUPS}
        for round_ in range(ROUNDS):
            for setup, done in runs.items():
                out = folder / f"{round_}-{setup.nodes}-{setup.cores}.jsonl"
                done.append(run(photos, out, setup))
                print(f"round {round_}, {setup.words}: {done[-1]}", file=sys.stderr)
    print(table(["photos a second", *(each.words for each in SETUPS)], list(rows(runs))))


def rows(runs: dict[Setup, list[Run]]) -> Iterator[list[str]]:
    """The table's rows: medians, and two nodes over each kind of cluster, round by round."""
    two = runs[SETUPS[-1]]
    for what, words in (("whole", "start included"), ("steady", "from the first answers on")):
        found = {setup: [getattr(each, what) for each in done] for setup, done in runs.items()}
        yield [words, *(f"{statistics.median(each):.0f}" for each in found.values())]
        ratios = (
            statistics.median(getattr(both, what) / one for both, one in zip(two, each, strict=True))
            for each in found.values()
        )
        yield ["two nodes over it", *(f"{ratio:.2f}" for ratio in ratios)]


if __name__ == "__main__":
    main()
