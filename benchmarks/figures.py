"""Measure the README's figures on russian-cars-5.

    make bench

Everything that is compared runs in this one call, on the same machine. Prints a Markdown table.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.process import install_size_mb, measure, measure_server
from kuzov import Client

REPOSITORY = Path(__file__).parents[1]
SEEDS = (0, 1, 2)
REPEATS = 5
KUZOV = (sys.executable, "-m", "kuzov")


def main() -> None:
    """Print the table."""
    shared = Path(os.environ.get("KUZOV_SHARED", REPOSITORY.parent / "shared"))
    photos = shared / "data" / "russian-cars-5"
    if not photos.is_dir():
        sys.exit(f"The real photos are not here: there is no folder {photos}. KUZOV_SHARED may name it.")
    with tempfile.TemporaryDirectory() as folder:
        rows = _measure_all(photos, Path(folder))
    print("| what | measured |\n| --- | --- |")
    for what, figure in rows:
        print(f"| {what} | {figure} |")


def _measure_all(photos: Path, work: Path) -> list[tuple[str, str]]:
    model = work / "models"
    train = [*KUZOV, "train", str(photos), "--out", str(model), "--runs", str(work / "runs"), "--json"]
    cold = [measure([*train, "--seed", str(seed)], KUZOV_CACHE=str(work / f"cache{seed}")) for seed in SEEDS]
    warm = measure(train, KUZOV_CACHE=str(work / "cache0"))
    origin = json.loads(measure([sys.executable, "-m", "benchmarks.origin_recipe", str(photos)]).stdout)
    seconds = statistics.median(run.seconds for run in cold)
    ratio = origin["total"] / seconds
    return [
        *_judgement([json.loads(run.stdout) for run in cold]),
        ("`kuzov train`, whole process, cold cache", f"{seconds:.1f} s (median of {len(cold)})"),
        ("`kuzov train` again, features known", f"{warm.seconds:.1f} s"),
        (
            "the origin's recipe, scaled from a few epochs",
            f"{origin['total']:.0f} s: {ratio:.1f} times as long",
        ),
        ("peak memory of `kuzov train`", f"{max(run.peak_mb for run in cold):.0f} MB"),
        *_use(model, photos / "test" / "x5_1.jpg"),
        ("size of the base package, installed", f"{install_size_mb(REPOSITORY, work / 'base'):.0f} MB"),
    ]


def _judgement(results: list[dict[str, Any]]) -> list[tuple[str, str]]:
    folds = [result["cross_validation"]["mean"] for result in results]
    each = ", ".join(f"{mean:.1%}" for mean in folds)
    validation, ece = results[0]["validation"], results[0]["ece"]
    low, high = validation["interval"]
    return [
        (
            "validation photos right",
            f"{validation['right']} of {validation['total']}, 95 % interval {low:.1%} to {high:.1%}",
        ),
        (
            "5-fold cross-validation over all photos, mean of 3 seeds",
            f"{statistics.mean(folds):.1%} ({each})",
        ),
        ("calibration error out of fold, before and after", f"{ece['before']:.1%}, {ece['after']:.1%}"),
    ]


def _use(model: Path, photo: Path) -> list[tuple[str, str]]:
    predict = [measure([*KUZOV, "predict", str(photo), "--model", str(model)]) for _ in range(REPEATS)]
    served = [measure_server(model, lambda url: Client(url).predict(photo)) for _ in range(REPEATS)]
    start = statistics.median(seconds for seconds, _, _ in served)
    memory = max(resident_mb for _, resident_mb, _ in served)
    loaded = "loaded" if any(tensorflow for _, _, tensorflow in served) else "not loaded"
    whole = statistics.median(run.seconds for run in predict)
    return [
        ("`kuzov serve`, start to first answer", f"{start:.2f} s (median of {REPEATS})"),
        ("`kuzov serve`, resident memory", f"{memory:.0f} MB; TensorFlow {loaded}"),
        ("`kuzov predict photo.jpg`, whole process", f"{whole:.2f} s (median of {REPEATS})"),
    ]


if __name__ == "__main__":
    main()
