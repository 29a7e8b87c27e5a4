"""Whole processes, measured by the operating system."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

READY = re.compile(r"Exporting HTTP/REST API at:(\S+) \.\.\.")


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
        RuntimeError: It failed; holds what it said.
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


def measure_server(model: Path, ask: Callable[[str], object]) -> tuple[float, float, bool]:
    """Start `kuzov serve`, ask it once, stop it.

    Returns:
        Seconds from start to first answer, resident memory after it in MB, whether TensorFlow was loaded.
    """
    command = [
        sys.executable,
        "-m",
        "kuzov",
        "serve",
        "--model-base-path",
        str(model),
        "--host",
        "127.0.0.1",
        "--port",
        "auto",
        "--rest-api-port",
        "auto",
    ]
    started = time.monotonic()
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            address = next(found[1] for line in server.stderr if (found := READY.search(line)))
            ask(f"http://{address}/v1/models/img_classifier")
            seconds = time.monotonic() - started
            status = Path(f"/proc/{server.pid}/status").read_text()
            resident_kb = re.search(r"VmRSS:\s+(\d+)", status)
            assert resident_kb is not None
            tensorflow = "/site-packages/tensorflow/" in Path(f"/proc/{server.pid}/maps").read_text()
        finally:
            server.terminate()
    return seconds, int(resident_kb[1]) / 1e3, tensorflow


def install_size_mb(repository: Path, folder: Path) -> float:
    """Size of the base package with all that it needs, installed alone, without pip itself."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    install = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    constraints = ["--constraint", str(repository / "constraints.txt")]
    subprocess.run([*install, *constraints, str(repository)], check=True, stderr=subprocess.DEVNULL)
    packages = next(folder.glob("lib/python*/site-packages"))
    return sum(file.lstat().st_size for file in packages.rglob("*") if file.is_file()) / 1e6
