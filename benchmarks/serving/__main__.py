"""Measure the server against what it could be and against others, and write docs/serving-benchmarks.md.

    python -m benchmarks.serving.peers.environment   # once: environments for the other servers
    python -m benchmarks.serving                     # nine minutes on two cores, which nobody else may use
    python -m benchmarks.serving --quick             # two minutes; its figures count for nothing
    python -m benchmarks.serving --only peers        # the other stages' figures are those kept from before

Needs the photos beside the project (KUZOV_SHARED may name their folder's parent).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.photos import shared_data
from benchmarks.process import REPOSITORY
from benchmarks.serving import peer_rows, server
from benchmarks.serving.page import write_page
from benchmarks.serving.process import measured
from benchmarks.serving.questions import GRPC_TENSOR, REST_JSON, Exam, prepare
from benchmarks.serving.rows import QUICK, Durations
from kuzov.bundle.layout import OPENVINO_INT8_MODEL, OPENVINO_MODEL, resolve
from kuzov.bundle.ready import ready_model
from kuzov.engine.network import bfloat16_available

STAGES = ("ceiling", "server", "peers")


def main() -> None:
    """Measure, keep the figures, write the page."""
    arguments = _arguments()
    # The servers are in sessions of their own: what ends this process is to end them too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    begun, machine = time.monotonic(), _machine()
    durations = QUICK if arguments.quick else Durations()
    kept = arguments.json
    results: dict[str, Any] = json.loads(kept.read_text()) if kept.is_file() else {}
    version_dir = resolve(arguments.model)
    precisions = _precisions(version_dir)

    def say(text: str) -> None:
        print(f"{time.monotonic() - begun:5.0f} s  {text}", file=sys.stderr, flush=True)

    photo = shared_data("russian-cars-5") / "test" / "x5_1.jpg"
    with tempfile.TemporaryDirectory() as folder:
        exam = prepare(version_dir, photo, Path(folder))
        results["about"] = _about(exam, machine)
        for stage in arguments.only:
            if stage == "ceiling":
                results[stage] = _ceiling(version_dir, precisions, exam, durations)
                say(json.dumps(results[stage]))
            elif stage == "server":
                results[stage] = server.measure(arguments.model, precisions, exam, durations, say)
            else:
                results[stage] = peer_rows.measure(version_dir, precisions, exam, durations, say)
            quick = ", in a hurry: for smoke tests only" if arguments.quick else ""
            results[stage]["measured"] = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC{quick}"
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(results, indent=1), encoding="utf-8")
    write_page(results, arguments.out)
    print(arguments.out.read_text(encoding="utf-8"))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving")
    parser.add_argument("--quick", action="store_true", help="measure everything only shortly")
    parser.add_argument(
        "--only", type=_stages, default=STAGES, metavar=",".join(STAGES), help="what to measure"
    )
    parser.add_argument(
        "--model", type=Path, default=ready_model(), help="a bundle; the one that comes with kuzov"
    )
    parser.add_argument(
        "--json",
        type=Path,
        default=REPOSITORY / "runs" / "serving-benchmarks.json",
        help="where the figures are kept",
    )
    parser.add_argument(
        "--out", type=Path, default=REPOSITORY / "docs" / "serving-benchmarks.md", help="the page"
    )
    return parser.parse_args()


def _stages(text: str) -> Sequence[str]:
    asked = text.split(",")
    if unknown := sorted(set(asked) - set(STAGES)):
        raise argparse.ArgumentTypeError(f"no such stage: {', '.join(unknown)}")
    return [stage for stage in STAGES if stage in asked]


def _precisions(version_dir: Path) -> list[str]:
    """What the server can compute this bundle in on this machine."""
    bf16 = ["bf16"] if bfloat16_available() else []
    int8 = ["int8"] if (version_dir / OPENVINO_INT8_MODEL).is_file() else []
    return ["f32", *bf16, *int8]


def _ceiling(
    version_dir: Path, precisions: Sequence[str], exam: Exam, durations: Durations
) -> dict[str, Any]:
    seconds = durations.ceiling_s
    tensorflow = measured("tensorflow_ceiling", version_dir, seconds)
    openvino = []
    for precision in precisions:
        model = version_dir / (OPENVINO_INT8_MODEL if precision == "int8" else OPENVINO_MODEL)
        openvino.append(measured("ceilings", model, precision, exam.photo, seconds))
    return {
        "openvino": openvino,
        "tensorflow": tensorflow["raw"],
        "tensorflow_name": f"TensorFlow {tensorflow['tensorflow']}, float32",
    }


def _about(exam: Exam, machine: str) -> dict[str, str]:
    sizes = {
        "photo_kb": exam.photo,
        "tensor_kb": exam.questions[GRPC_TENSOR].file,
        "json_kb": exam.questions[REST_JSON].file,
    }
    return {
        "machine": machine,
        **{name: f"{file.stat().st_size / 1000:.0f}" for name, file in sizes.items()},
    }


def _machine() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    name = found[1] if found else platform.machine()
    cores, python, busy = os.cpu_count(), platform.python_version(), os.getloadavg()[0]
    return f"{cores} cores ({name}), {platform.system()}, Python {python}; load average before: {busy:.2f}"


if __name__ == "__main__":
    main()
