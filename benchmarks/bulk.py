"""How `kuzov classify` keeps up with the network itself, and what many photos cost it.

    python -m benchmarks.bulk [PHOTOS]

Makes JPEGs of 600 × 400 of a folder of photos, else of drawn cars, and links them as many times as needed.
Each round classifies the same photos twice, by the whole command and by raw OpenVINO with cutting out in this
process, so that whatever else the machine does falls on both; the median of the rounds' ratios counts. Then
the command's largest memory at two sizes, and the start-up of a run that has nothing left to do.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import openvino

from benchmarks.markdown import table
from benchmarks.photos import link_photos, make_photos
from benchmarks.process import KUZOV, Measured, measure
from kuzov.bundle.card import read_card
from kuzov.bundle.layout import OPENVINO_INT8_MODEL, resolve
from kuzov.bundle.ready import ready_model
from kuzov.cars.cut_out import read_cut_out

# Photos of the speed's rounds, and how many rounds; photos of the two measurements of memory.
SPEED_PHOTOS = int(os.environ.get("BULK_PHOTOS", "10000"))
ROUNDS = int(os.environ.get("BULK_ROUNDS", "3"))
FEW, MANY = 1_000, int(os.environ.get("BULK_MANY", "100000"))


def raw_seconds(folder: Path) -> float:
    """Seconds to cut out and infer with OpenVINO, a stream a core; no answer is kept."""
    version = resolve(ready_model())
    card, cores = read_card(version), len(os.sched_getaffinity(0))
    model = openvino.Core().read_model(version / OPENVINO_INT8_MODEL)
    model.reshape([1, card.image_px, card.image_px, 3])
    options = {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": cores}
    compiled = openvino.Core().compile_model(model, "CPU", options)
    photos = iter(sorted(folder.rglob("*.jpg")))
    taking = threading.Lock()

    def work(request: openvino.InferRequest) -> None:
        while True:
            with taking:
                photo = next(photos, None)
            if photo is None:
                return
            part = read_cut_out(photo, card.image_px, card.framing)
            request.infer({0: part.pixels[np.newaxis].astype(np.float32)})

    requests = [compiled.create_infer_request() for _ in range(cores + 2)]
    threads = [threading.Thread(target=work, args=(request,)) for request in requests]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def classify(source: Path, out: Path) -> Measured:
    """The command, by the ready model."""
    return measure([*KUZOV, "classify", source, "--out", out, "--model", ready_model(), "--json"])


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="bulk-") as place:
        folder = Path(place)
        kinds = make_photos(folder, *sys.argv[1:])
        photos = link_photos(kinds, SPEED_PHOTOS, folder / "speed")
        ratios, rates = [], []
        for round_ in range(ROUNDS):
            raw, whole = raw_seconds(photos), classify(photos, folder / f"speed-{round_}.jsonl").seconds
            ratios.append(raw / whole)
            rates.append(SPEED_PHOTOS / whole)
            print(f"round {round_}: raw {raw:.1f} s, command {whole:.1f} s", file=sys.stderr)
        few, many = (link_photos(kinds, count, folder / f"memory-{count}") for count in (FEW, MANY))
        peaks = [classify(each, each.with_suffix(".jsonl")).peak_mb for each in (few, many)]
        nothing = classify(many, many.with_suffix(".jsonl")).seconds
    rows = [
        [f"photos a second, {SPEED_PHOTOS:,}, the whole command", f"{statistics.median(rates):.0f}"],
        ["the same / raw OpenVINO plus cutting out", f"{statistics.median(ratios):.2f}"],
        [f"largest memory at {FEW:,} photos", f"{peaks[0]:.0f} MB"],
        [f"largest memory at {MANY:,} photos", f"{peaks[1]:.0f} MB"],
        [f"a run with nothing left to do, {MANY:,} results", f"{nothing:.1f} s"],
    ]
    print(table(["what", "measured"], rows))


if __name__ == "__main__":
    main()
