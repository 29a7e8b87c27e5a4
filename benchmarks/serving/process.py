"""The load that is put on a server, and what else is measured in a process of its own."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import asdict
from typing import Any

from benchmarks.process import REPOSITORY
from benchmarks.serving.load import Load, Result

LIMIT_S = 180.0


def put_load(load: Load, *, limit_s: float = LIMIT_S) -> Result:
    """Have another process ask.

    Raises:
        RuntimeError: A connection was refused or lost, or it took too long; holds what was said.
    """
    return Result(**measured("load", json.dumps(asdict(load)), limit_s=limit_s))


def measured(module: str, *arguments: object, limit_s: float = LIMIT_S) -> dict[str, Any]:
    """What a module of this package measures in a process of its own, and prints as JSON.

    Raises:
        RuntimeError: It failed, or took too long; holds what it said.
    """
    command = [sys.executable, "-m", f"benchmarks.serving.{module}", *map(str, arguments)]
    try:
        done = subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=limit_s
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"not done within {limit_s:g} s") from error
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def bodies(result: Result) -> list[bytes]:
    """The samples of a load's answers."""
    return [base64.b64decode(sample) for sample in result.samples]
