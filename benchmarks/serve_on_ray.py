"""How much `kuzov serve --ray` answers on the cores of this machine, beside `kuzov serve`.

    python -m benchmarks.serve_on_ray [PHOTO]

Both are asked by 16 clients without a pause, over REST and gRPC, in turns; there is a replica for each core.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.markdown import table
from benchmarks.process import kuzov_serve
from benchmarks.serving.questions import GRPC_PHOTO, REST_PHOTO, prepare
from benchmarks.serving.rows import CORES, Durations, closed_loop
from kuzov.bundle.layout import resolve
from kuzov.bundle.ready import ready_model
from kuzov.data.synthetic import render_cars

CLIENTS, ROUNDS = 16, 3
DURATIONS = Durations(warm_s=4.0, row_s=8.0)
SERVERS = {
    "kuzov serve": (),
    "kuzov serve --ray": ("--ray", "local", "--min-replicas", str(CORES), "--host", "0.0.0.0"),
}


def main() -> None:
    """Print the table."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with tempfile.TemporaryDirectory(prefix="serve-on-ray-") as place:
        folder = Path(place)
        drawn = sys.argv[1:] or sorted(map(str, render_cars(folder / "drawn").rglob("*.jpg")))
        exam = prepare(resolve(ready_model()), Path(drawn[0]), folder)
        asked = {name: exam.questions[name] for name in (REST_PHOTO, GRPC_PHOTO)}
        rates: dict[tuple[str, str], list[float]] = {}
        for _ in range(ROUNDS):
            for server, options in SERVERS.items():
                with kuzov_serve(ready_model(), "auto", options) as running:
                    for name, question in asked.items():
                        request = question.to(running.rpc_port, running.rest_port)
                        row = closed_loop(name, "auto", question, request, CLIENTS, DURATIONS)
                        if row.error:
                            raise SystemExit(f"{server}, {name}: {row.error}")
                        print(f"{server}, {name}: {row.rate:.1f}/s", file=sys.stderr)
                        rates.setdefault((name, server), []).append(row.rate)
    rows = []
    for name in asked:
        alone, on_ray = (rates[name, server] for server in SERVERS)
        ratio = statistics.median(ray / one for one, ray in zip(alone, on_ray, strict=True))
        rows.append([name, *(f"{statistics.median(each):.0f}" for each in (alone, on_ray)), f"{ratio:.2f}"])
    print(table(["answers a second", *SERVERS, "of it"], rows))


if __name__ == "__main__":
    main()
