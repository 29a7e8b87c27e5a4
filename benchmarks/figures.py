"""Measure the README's figures on russian-cars-5.

    make bench

Everything that is compared runs in this one call, on the same machine. Prints a Markdown table.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.markdown import table
from benchmarks.photos import shared_data
from benchmarks.process import KUZOV, REPOSITORY, kuzov_serve, measure
from kuzov import Client

SEEDS = (0, 1, 2)
REPEATS = 5


def main() -> None:
    """Print the table."""
    photos = shared_data("russian-cars-5")
    with tempfile.TemporaryDirectory() as folder:
        print(table(["what", "measured"], _measure_all(photos, Path(folder))))


def _measure_all(photos: Path, work: Path) -> list[list[str]]:
    model = work / "models"
    train = [*KUZOV, "train", str(photos), "--out", str(model), "--runs", str(work / "runs"), "--json"]
    cold = [measure([*train, "--seed", str(seed)], KUZOV_CACHE=str(work / f"cache{seed}")) for seed in SEEDS]
    warm = measure(train, KUZOV_CACHE=str(work / "cache0"))
    origin = json.loads(measure([sys.executable, "-m", "benchmarks.origin_recipe", photos]).stdout)
    seconds = statistics.median(run.seconds for run in cold)
    ratio = origin["total"] / seconds
    return [
        *_judgement([json.loads(run.stdout) for run in cold]),
        ["`kuzov train`, whole process, cold cache", f"{seconds:.1f} s (median of {len(cold)})"],
        ["`kuzov train` again, features known", f"{warm.seconds:.1f} s"],
        [
            "the origin's recipe, scaled from a few epochs",
            f"{origin['total']:.0f} s: {ratio:.1f} times as long",
        ],
        ["peak memory of `kuzov train`", f"{max(run.peak_mb for run in cold):.0f} MB"],
        *_use(model, photos / "test" / "x5_1.jpg"),
        ["size of the base package, installed", f"{_install_size_mb(work / 'base'):.0f} MB"],
    ]


def _judgement(results: list[dict[str, Any]]) -> list[list[str]]:
    folds = [result["cross_validation"]["mean"] for result in results]
    each = ", ".join(f"{mean:.1%}" for mean in folds)
    validation, ece = results[0]["validation"], results[0]["ece"]
    low, high = validation["interval"]
    right = f"{validation['right']} of {validation['total']}, 95 % interval {low:.1%} to {high:.1%}"
    return [
        ["validation photos right", right],
        [
            "5-fold cross-validation over all photos, mean of 3 seeds",
            f"{statistics.mean(folds):.1%} ({each})",
        ],
        ["calibration error out of fold, before and after", f"{ece['before']:.1%}, {ece['after']:.1%}"],
    ]


def _use(model: Path, photo: Path) -> list[list[str]]:
    predict = [measure([*KUZOV, "predict", photo, "--model", model]) for _ in range(REPEATS)]
    served = [_serve(model, photo) for _ in range(REPEATS)]
    start = statistics.median(seconds for seconds, _, _ in served)
    memory = max(resident_mb for _, resident_mb, _ in served)
    loaded = "loaded" if any(tensorflow for _, _, tensorflow in served) else "not loaded"
    whole = statistics.median(run.seconds for run in predict)
    return [
        ["`kuzov serve`, start to first answer", f"{start:.2f} s (median of {REPEATS})"],
        ["`kuzov serve`, resident memory", f"{memory:.0f} MB; TensorFlow {loaded}"],
        ["`kuzov predict photo.jpg`, whole process", f"{whole:.2f} s (median of {REPEATS})"],
    ]


def _serve(model: Path, photo: Path) -> tuple[float, float, bool]:
    """Seconds from start to first answer, resident memory after it in MB, whether TensorFlow was loaded."""
    started = time.monotonic()
    with kuzov_serve(model, "auto") as server:
        Client(f"http://127.0.0.1:{server.rest_port}/v1/models/img_classifier").predict(photo)
        return time.monotonic() - started, server.resident_mb(), server.has_loaded("tensorflow")


def _install_size_mb(folder: Path) -> float:
    """Size of the base package with all that it needs, installed alone, without pip itself."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    install = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    constraints = ["--constraint", str(REPOSITORY / "constraints.txt")]
    subprocess.run([*install, *constraints, str(REPOSITORY)], check=True, stderr=subprocess.DEVNULL)
    packages = next(folder.glob("lib/python*/site-packages"))
    return sum(file.lstat().st_size for file in packages.rglob("*") if file.is_file()) / 1e6


if __name__ == "__main__":
    main()
