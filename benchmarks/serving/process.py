"""The load that is put on a server, and what is measured without one: each in a process of its own."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from benchmarks.process import REPOSITORY, running
from benchmarks.serving.load import Load, Result

LIMIT_S = 180.0


def put_load(load: Load) -> Result:
    """Have another process ask.

    Raises:
        RuntimeError: A connection was refused or lost, or it took too long; holds what was said.
    """
    command = [sys.executable, "-m", "benchmarks.serving.load", json.dumps(asdict(load))]
    try:
        done = subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=LIMIT_S
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"not done within {LIMIT_S:g} s") from error
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return Result(**json.loads(done.stdout.splitlines()[-1]))


class Bursts:
    """A process that measures for a while whenever it is asked to; `benchmarks.serving.ceilings`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def measure(self, name: str, seconds: float) -> float:
        """One of its figures.

        Raises:
            RuntimeError: It has ended; what it said is on stderr.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{name} {seconds}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"The process that measures {name} has ended.")
        return float(answer)


@contextmanager
def ceilings(*arguments: object) -> Iterator[Bursts]:
    """What is measured without a server, ready to be asked until the end of the context."""
    command = [sys.executable, "-m", "benchmarks.serving.ceilings", *map(str, arguments)]
    with running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Bursts(process)


def bodies(result: Result) -> list[bytes]:
    """The samples of a load's answers."""
    return [base64.b64decode(sample) for sample in result.samples]
