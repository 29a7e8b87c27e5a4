"""Measure the server against what it could be, and write docs/serving-benchmarks.md.

    python -m benchmarks.serving            # some minutes on two cores, which nobody else may use
    python -m benchmarks.serving --quick    # its figures count for nothing

Needs the photos beside the project (KUZOV_SHARED may name their folder's parent).
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import signal
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.photos import shared_data
from benchmarks.process import REPOSITORY
from benchmarks.serving.page import render_page
from benchmarks.serving.questions import prepare
from benchmarks.serving.rows import QUICK, Durations
from benchmarks.serving.server import measure_server
from kuzov.bundle.layout import resolve
from kuzov.bundle.ready import ready_model
from kuzov.network import bfloat16_available

FEATURES = ("avx2", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def main() -> None:
    """Measure, write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving")
    parser.add_argument("--quick", action="store_true", help="measure everything only shortly")
    page = REPOSITORY / "docs" / "serving-benchmarks.md"
    parser.add_argument("--out", type=Path, default=page, help="the page")
    arguments = parser.parse_args()
    # The servers are in sessions of their own: what ends this process is to end them too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    durations = QUICK if arguments.quick else Durations()
    photo = shared_data("russian-cars-5") / "test" / "x5_1.jpg"
    version_dir, features = resolve(ready_model()), _features()
    precisions = ["f32", *(["bf16"] if bfloat16_available() else []), "int8"]
    with tempfile.TemporaryDirectory() as folder:
        exam = prepare(version_dir, photo, Path(folder))
        figures = measure_server(ready_model(), precisions, exam, durations)
        hurry = ", in a hurry: for smoke tests only" if arguments.quick else ""
        done = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC{hurry}"
        machine, has_amx = _machine(features), "amx_int8" in features
        page_text = render_page(figures, exam, machine, done, has_amx=has_amx)
        arguments.out.write_text(page_text, encoding="utf-8")


def _features() -> list[str]:
    """What the processor has of all that small numbers are computed by."""
    found = re.search(r"flags\s*: (.+)", Path("/proc/cpuinfo").read_text())
    flags = found[1].split() if found else []
    return [each for each in FEATURES if each in flags]


def _machine(features: Sequence[str]) -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    name = found[1] if found else platform.machine()
    cores, python, busy = os.cpu_count(), platform.python_version(), os.getloadavg()[0]
    name = f"{name}; {', '.join(features) or 'without AVX2'}"
    return f"{cores} cores ({name}), {platform.system()}, Python {python}; load average before: {busy:.2f}"


if __name__ == "__main__":
    main()
