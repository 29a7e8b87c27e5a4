from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

# Two workers that write their process and number into a folder, and wait for SIGTERM. One whose number is in
# the folder "die" as well ends at once.
WORKERS = """
import os, signal, sys, time
from pathlib import Path
from kuzov.serve.workers import run_workers

folder = Path(sys.argv[1])

def work(index):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    (folder / f"{index}-{os.getpid()}").touch()
    if (folder / "die").exists():
        raise ValueError("a secret")
    while True:
        time.sleep(0.01)

run_workers(2, work)
"""


def start(folder: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", WORKERS, str(folder)], env=environment, stderr=subprocess.PIPE
    )


def wait_for(folder: Path, index: int, count: int) -> list[int]:
    """Process numbers of those that have been this worker, the latest last."""
    deadline = time.monotonic() + 20
    while len(found := sorted(folder.glob(f"{index}-*"), key=lambda file: file.stat().st_mtime_ns)) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return [int(file.name.split("-")[1]) for file in found]


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_signal_ends_all(tmp_path: Path) -> None:
    with start(tmp_path) as parent:
        workers = [*wait_for(tmp_path, 0, 1), *wait_for(tmp_path, 1, 1)]
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(timeout=20) == 0
        assert not any(map(alive, workers))


def test_one_that_dies_is_started_again(tmp_path: Path) -> None:
    with start(tmp_path) as parent:
        [first] = wait_for(tmp_path, 0, 1)
        time.sleep(1.1)  # it has served for a while
        os.kill(first, signal.SIGKILL)
        assert wait_for(tmp_path, 0, 2)[1] != first
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(timeout=20) == 0


def test_workers_that_can_not_start_end_the_parent(tmp_path: Path) -> None:
    (tmp_path / "die").touch()
    with start(tmp_path) as parent:
        _, log = parent.communicate(timeout=20)
        assert parent.returncode == 1
    assert b" failed\nTraceback" in log
