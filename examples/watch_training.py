"""Train both stages with logs, and show them in TensorBoard; each call adds its run beside the earlier ones.

python -m examples.watch_training [PHOTOS]
"""

import argparse
import os
import sys
import time
from pathlib import Path

from examples.demo import MODEL, WORK, find_photos, run

LOGS = WORK / "tensorboard"


def main() -> None:
    """Train, then run TensorBoard until Ctrl-C."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("photos", nargs="?", type=Path, help="by default the demo's")
    photos = parser.parse_args().photos or find_photos()
    logs = LOGS / time.strftime("%Y-%m-%d-%H-%M-%S")
    run("train", photos, "--fine-tune", "--tensorboard", logs, "--out", MODEL, "--runs", WORK / "runs")
    command = ["tensorboard", "--logdir", str(LOGS), "--host", "127.0.0.1"]
    print(f"\n$ {' '.join(command)}", flush=True)
    os.execv(sys.executable, [sys.executable, "-m", "tensorboard.main", *command[1:]])


if __name__ == "__main__":
    main()
