"""The processes of a measurement: the server, and the load that is put on it."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.serving.load import Load, Result

REPOSITORY = Path(__file__).parents[2]
END_S, LIMIT_S = 10.0, 180.0

_RPC = re.compile(r"Running gRPC ModelServer at \S+:(\d+) \.\.\.")
_REST = re.compile(r"Exporting HTTP/REST API at:\S+:(\d+) \.\.\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A kuzov server that answers."""

    pid: int
    rpc_port: int
    rest_port: int

    def resident_mb(self) -> float:
        """Resident memory, MB of 10^6 bytes."""
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found is not None
        return int(found[1]) * 1024 / 1e6


@contextmanager
def kuzov_serve(model: Path, precision: str, options: Sequence[str] = ()) -> Iterator[Running]:
    """`kuzov serve`, from when it answers to the end of the context.

    Raises:
        RuntimeError: It ended before; holds what it said.
    """
    command = [sys.executable, "-m", "kuzov", "serve", "--host", "127.0.0.1", "--port", "auto"]
    command += ["--rest-api-port", "auto", "--precision", precision, "--model-base-path", str(model)]
    command += options
    with process(command, stderr=subprocess.PIPE) as server:
        assert server.stderr is not None
        said = ""
        ports: dict[re.Pattern[str], int] = {}
        for line in server.stderr:
            said += line
            ports |= {key: int(found[1]) for key in (_RPC, _REST) if (found := key.search(line))}
            if len(ports) == 2:
                break
        else:
            raise RuntimeError(said)
        # Whatever else it logs would otherwise fill the pipe, and hold it up.
        threading.Thread(target=server.stderr.read, daemon=True).start()
        yield Running(pid=server.pid, rpc_port=ports[_RPC], rest_port=ports[_REST])


@contextmanager
def process(
    command: Sequence[str], environment: Mapping[str, str] | None = None, **redirected: Any
) -> Iterator[subprocess.Popen[str]]:
    """A process with its children; they are ended with the context."""
    with subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env={**os.environ, **(environment or {})},
        text=True,
        start_new_session=True,
        **redirected,
    ) as started:
        try:
            yield started
        finally:
            started.terminate()
            try:
                started.wait(END_S)
            except subprocess.TimeoutExpired:
                started.kill()
            # Some servers leave workers behind.
            with suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)


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
