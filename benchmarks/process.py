"""Whole processes, and what they take of the machine."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
KUZOV = (sys.executable, "-m", "kuzov")
END_S = 10.0

_RPC = re.compile(r"Running gRPC ModelServer at \S+:(\d+) \.\.\.")
_REST = re.compile(r"Exporting HTTP/REST API at:\S+:(\d+) \.\.\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A finished process.

    Attributes:
        seconds: Wall time.
        peak_mb: Largest resident memory, MB of 10^6 bytes.
        stdout: What it printed.
    """

    seconds: float
    peak_mb: float
    stdout: str


def measure(command: Sequence[str | Path], **environment: str) -> Measured:
    """Run a command to its end.

    Raises:
        RuntimeError: It failed.
    """
    started = time.monotonic()
    with subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | environment,
    ) as process:
        assert process.stdout is not None
        stdout = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with status {process.returncode}")
    return Measured(seconds=time.monotonic() - started, peak_mb=usage.ru_maxrss / 1e3, stdout=stdout)


@contextmanager
def running(
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A kuzov server that answers."""

    pid: int
    rpc_port: int
    rest_port: int

    def resident_mb(self) -> float:
        """Resident memory, MB of 10^6 bytes."""
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found is not None
        return int(found[1]) * 1024 / 1e6

    def has_loaded(self, package: str) -> bool:
        """Whether a library of a package lies in its memory."""
        return f"/site-packages/{package}/" in Path(f"/proc/{self.pid}/maps").read_text()


@contextmanager
def kuzov_serve(model: Path, precision: str, options: Sequence[str] = ()) -> Iterator[Server]:
    """`kuzov serve`, from when it answers to the end of the context.

    Raises:
        RuntimeError: It ended before; holds what it said.
    """
    command = [*KUZOV, "serve", "--host", "127.0.0.1", "--port", "auto", "--rest-api-port", "auto"]
    command += ["--precision", precision, "--model-base-path", str(model), *options]
    with running(command, stderr=subprocess.PIPE) as server:
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
        yield Server(pid=server.pid, rpc_port=ports[_RPC], rest_port=ports[_REST])
