"""What a second worker of one core adds to `kuzov classify --ray`.

    python -m benchmarks.bulk_on_ray [PHOTOS]

Each round begins a Ray cluster on this machine whose nodes are held to a core each, and classifies the same
JPEGs of 600 × 400 by one node, then by two. The head has no core to give; it and the driver, which keeps the
answers, run where there is room: on a machine of two cores they and whatever else it does take it from the
workers, so the table also tells how much of their cores these had.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from ray.cluster_utils import Cluster

from benchmarks.bulk import link_photos, make_photos
from benchmarks.markdown import table
from kuzov.bundle.ready import ready_model
from kuzov.cluster.classify import classify
from kuzov.data.synthetic import render_cars

PHOTOS = int(os.environ.get("BULK_PHOTOS", "10000"))
ROUNDS = int(os.environ.get("BULK_ROUNDS", "3"))
NEARLY = 0.9  # after that nodes end for want of work
STORE_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One classification.

    Attributes:
        whole: Photos a second, with the time that the workers take to begin.
        steady: Photos a second from the first answers until NEARLY all are there.
        workers: Cores that the workers had meanwhile; what else the machine does takes some of theirs.
        others: Cores that the head, the nodes' own processes and the driver had meanwhile.
    """

    whole: float
    steady: float
    workers: float
    others: float


def run(photos: Path, out: Path, nodes: int) -> Run:
    """Classify by so many nodes of one core each."""
    cores = sorted(os.sched_getaffinity(0))
    head = {"num_cpus": 0, "object_store_memory": STORE_BYTES, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        for number in range(nodes):
            os.sched_setaffinity(0, {cores[number % len(cores)]})  # the node's processes inherit it
            cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
        os.sched_setaffinity(0, cores)
        told: list[tuple[int, float, float, float]] = []

        def progress(stage: str, done: int, total: int) -> None:
            if stage == "classify" and done and (not told or (len(told) == 1 and done > NEARLY * total)):
                told.append((done, time.monotonic(), *processor_s()))

        result = classify(str(photos), out, model=ready_model(), ray=cluster.address, progress=progress)
    finally:
        os.sched_setaffinity(0, cores)
        cluster.shutdown()
    first, last = told
    photos_done, seconds, workers, others = (
        after - before for before, after in zip(first, last, strict=True)
    )
    return Run(
        whole=result.classified / result.seconds,
        steady=photos_done / seconds,
        workers=workers / seconds,
        others=others / seconds,
    )


def processor_s() -> tuple[float, float]:
    """Processor seconds so far of the workers that classify, and of this and all other processes of Ray's."""
    workers = others = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
            fields = (folder / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        if b"MapWorker" in words:
            workers += seconds
        elif int(folder.name) == os.getpid() or b"ray" in words:
            others += seconds
    return workers, others


def main() -> None:
    """Print the table."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with tempfile.TemporaryDirectory(prefix="bulk-on-ray-") as place:
        folder = Path(place)
        source = Path(sys.argv[1]) if len(sys.argv) > 1 else render_cars(folder / "drawn")
        (folder / "kinds").mkdir()
        photos = link_photos(make_photos(source, folder / "kinds"), PHOTOS, folder / "photos")
        runs: dict[int, list[Run]] = {1: [], 2: []}
        for round_ in range(ROUNDS):
            for nodes, done in runs.items():
                done.append(run(photos, folder / f"{round_}-{nodes}.jsonl", nodes))
                print(f"round {round_}, {nodes} node(s): {done[-1]}", file=sys.stderr)
    rows = []
    for what, figure in (("whole", "with the beginning"), ("steady", "from the first answers on")):
        rates = {nodes: [getattr(each, what) for each in done] for nodes, done in runs.items()}
        ratios = [two / one for one, two in zip(rates[1], rates[2], strict=True)]
        for nodes, found in rates.items():
            rows.append([f"photos a second, {nodes} node(s), {figure}", f"{statistics.median(found):.0f}"])
        rows.append(["two / one", f"{statistics.median(ratios):.2f}"])
    ratio = statistics.median(
        (two.steady / two.workers) / (one.steady / one.workers)
        for one, two in zip(runs[1], runs[2], strict=True)
    )
    rows.append(["the same, per second of processor time that the workers had", f"{ratio:.2f}"])
    for nodes, done in runs.items():
        cores = statistics.median(each.workers for each in done)
        rows.append([f"cores that the workers had, {nodes} node(s)", f"{cores:.2f}"])
        cores = statistics.median(each.others for each in done)
        rows.append([f"cores that head, nodes and driver had, {nodes} node(s)", f"{cores:.2f}"])
    print(table(["what", "measured"], rows))


if __name__ == "__main__":
    main()
