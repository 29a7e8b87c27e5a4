"""How fast, and in how much memory, OpenVINO loads the two forms of the model in a bundle.

python -m benchmarks.loading MODEL_FOLDER
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

from kuzov.bundle.layout import OPENVINO_MODEL, resolve

REPEATS = 5
LOAD = """
import json, re, sys, time
import numpy, openvino
before = int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1])
started = time.monotonic()
compiled = openvino.Core().compile_model(sys.argv[1], "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
compiled(numpy.zeros((1, 224, 224, 3), numpy.float32))
seconds = time.monotonic() - started
after = int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1])
outputs = [output.get_any_name() for output in compiled.outputs]
print(json.dumps([seconds, (after - before) / 1e3, after / 1e3, outputs]))
"""


def main() -> None:
    """Print the table."""
    version = resolve(Path(sys.argv[1]))
    print("| form | load and first inference | memory added, process | outputs |\n| --- | --- | --- | --- |")
    for form, path in (("frozen SavedModel", version), ("OpenVINO's own", version / OPENVINO_MODEL)):
        runs = [
            json.loads(subprocess.check_output([sys.executable, "-c", LOAD, str(path)]))
            for _ in range(REPEATS)
        ]
        seconds, added, process = (statistics.median(run[column] for run in runs) for column in range(3))
        print(f"| {form} | {seconds:.2f} s | {added:.0f} MB, {process:.0f} MB | {', '.join(runs[0][3])} |")


if __name__ == "__main__":
    main()
