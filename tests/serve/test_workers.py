from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

# Two workers that write their process and number into a folder, and wait for SIGTERM. Where there is "die" or
# "broken" in it as well, they fail. The second argument is a line that runs before all else.
WORKERS = """
import os, signal, sys, time
from pathlib import Path
from kuzov.errors import BundleError
from kuzov.serve import workers

folder = Path(sys.argv[1])
wait = signal.pause

def work(index, served):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if (folder / "broken").exists():
        raise BundleError("The model is broken.")
    if (folder / "die").exists():
        raise ValueError("a secret")
    served()
    (folder / f"{index}-{os.getpid()}").touch()
    while True:
        wait()

def end():
    os.kill(os.getpid(), signal.SIGTERM)

def after(module, name, times, then):
    "Have something happen after the call of a function, in the process that called it."
    called, calls, parent = getattr(module, name), [], os.getpid()
    def call(*given):
        answer = called(*given)
        calls.append(answer)
        if os.getpid() == parent and len(calls) == times:
            then()
        return answer
    setattr(module, name, call)

exec(sys.argv[2])
workers.run_workers(2, work)
"""


NO_THIRD_FORK = """
workers.RESTART_PAUSE_S = 0
fork, forks = os.fork, []

def refuse_the_third():
    forks.append(None)
    if len(forks) == 3:
        raise BlockingIOError(11, "Resource temporarily unavailable")
    return fork()

os.fork = refuse_the_third
"""


@contextmanager
def started(folder: Path, first: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """The parent, which is killed at the end with all that it has begun."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", WORKERS, str(folder), first]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, start_new_session=True) as parent:
        try:
            yield parent
        finally:
            with suppress(ProcessLookupError):
                os.killpg(parent.pid, signal.SIGKILL)


def wait_for(folder: Path, index: int, count: int) -> list[int]:
    """Process numbers of those that have been this worker, the latest last."""
    deadline = time.monotonic() + 20
    while len(found := sorted(folder.glob(f"{index}-*"), key=lambda file: file.stat().st_mtime_ns)) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return [int(file.name.split("-")[1]) for file in found]


def alive(group: int) -> bool:
    """Whether any process of a group is."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_signal_ends_all(tmp_path: Path) -> None:
    with started(tmp_path) as parent:
        wait_for(tmp_path, 0, 1)
        wait_for(tmp_path, 1, 1)
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(timeout=20) == 0
        assert not alive(parent.pid)


@pytest.mark.parametrize(
    ("first", "dies"),
    [
        pytest.param("after(os, 'fork', 1, end)", False, id="as the first begins"),
        pytest.param("after(os, 'fork', 2, end)", False, id="as the last begins"),
        pytest.param("after(os, 'wait', 1, end)", True, id="as one has died"),
        pytest.param("after(time, 'sleep', 1, end)", True, id="before one is started again"),
        pytest.param("after(os, 'fork', 3, end)", True, id="as one is started again"),
    ],
)
def test_a_signal_ends_all_whenever_it_comes(tmp_path: Path, first: str, *, dies: bool) -> None:
    with started(tmp_path, f"workers.RESTART_PAUSE_S = 0; {first}") as parent:
        if dies:
            wait_for(tmp_path, 1, 1)
            os.kill(wait_for(tmp_path, 0, 1)[0], signal.SIGKILL)
        assert parent.wait(timeout=20) == 0
        assert not alive(parent.pid)


def test_one_that_can_not_be_started_is_tried_again(tmp_path: Path) -> None:
    with started(tmp_path, NO_THIRD_FORK) as parent:
        wait_for(tmp_path, 1, 1)
        os.kill(wait_for(tmp_path, 0, 1)[0], signal.SIGKILL)
        wait_for(tmp_path, 0, 2)
        parent.send_signal(signal.SIGTERM)
        _, log = parent.communicate(timeout=20)
        assert parent.returncode == 0
    assert b"Worker 0 can't be started: Resource temporarily unavailable; it is tried again" in log


def test_one_that_dies_is_started_again(tmp_path: Path) -> None:
    with started(tmp_path, "workers.RESTART_PAUSE_S = 0") as parent:
        [first] = wait_for(tmp_path, 0, 1)
        os.kill(first, signal.SIGKILL)
        assert wait_for(tmp_path, 0, 2)[1] != first
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(timeout=20) == 0


@pytest.mark.parametrize(
    ("how", "told"), [("die", b" failed\nTraceback"), ("broken", b": The model is broken.\n")]
)
def test_workers_that_can_not_start_end_the_parent_however_long_they_try(
    tmp_path: Path, how: str, told: bytes
) -> None:
    (tmp_path / how).touch()
    with started(tmp_path, "workers.RESTART_PAUSE_S = 0") as parent:  # any time is long
        _, log = parent.communicate(timeout=20)
        assert parent.returncode == 1
    assert told in log
    assert b" before it could serve\n" in log


def test_one_that_has_served_is_started_again_until_it_can(tmp_path: Path) -> None:
    with started(tmp_path, "workers.RESTART_PAUSE_S = 0.01") as parent:
        wait_for(tmp_path, 1, 1)
        first = wait_for(tmp_path, 0, 1)[0]
        (tmp_path / "broken").touch()
        os.kill(first, signal.SIGKILL)
        assert parent.stderr is not None
        while b"Worker 0: The model is broken." not in parent.stderr.readline():
            pass
        (tmp_path / "broken").unlink()
        wait_for(tmp_path, 0, 2)
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(timeout=20) == 0
