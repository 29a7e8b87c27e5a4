"""What other servers do with the same model, the same engine and the same photo."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.process import running
from benchmarks.serving.load import Load, Request
from benchmarks.serving.peers.environment import program, requirements
from benchmarks.serving.process import put_load
from benchmarks.serving.questions import Exam, Question
from benchmarks.serving.rows import CLIENTS, Durations, Row, closed_loop
from benchmarks.serving.server import Say

WORKERS = (1, 2)
READY_S, ANSWER_S = 60.0, 10.0
PEERS = ("LitServe", "BentoML", "KServe")


def measure(
    version_dir: Path, precisions: Sequence[str], exam: Exam, durations: Durations, say: Say
) -> dict[str, Any]:
    """Rows of every peer."""
    rows: list[Row] = []
    installed = requirements()
    for peer in PEERS:
        for workers in WORKERS:
            name = f"{installed[peer.lower()].replace('==', ' ')}, {workers} worker{'s'[: workers > 1]}"
            for precision in precisions:
                for row in _rows(peer, name, workers, version_dir, precision, exam.peers[peer], durations):
                    rows.append(row)
                    say(f"{name}, {precision}, {row.clients} clients: {row.error or f'{row.rate:.1f}/s'}")
    return {"rows": [asdict(row) for row in rows]}


def _rows(
    peer: str,
    name: str,
    workers: int,
    version_dir: Path,
    precision: str,
    question: Question,
    durations: Durations,
) -> list[Row]:
    port = _free_port()
    command = _command(peer.lower(), port)
    if not Path(command[0]).is_file():
        reason = "not installed here: python -m benchmarks.serving.peers.environment tells why"
        return [Row(what=name, precision=precision, clients=0, error=reason)]
    environment = {
        "PEER_PORT": str(port),
        "PEER_WORKERS": str(workers),
        "PEER_MODEL": str(version_dir),
        "PEER_PRECISION": precision,
        "BENTOML_DO_NOT_TRACK": "1",
    }
    request = Request(address=("127.0.0.1", port), file=str(question.file))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with running(command, environment, **quiet) as server:
        if reason := _wait(server, request):
            return [Row(what=name, precision=precision, clients=0, error=reason)]
        return [closed_loop(name, precision, question, request, clients, durations) for clients in CLIENTS]


def _command(peer: str, port: int) -> Sequence[str]:
    if peer == "bentoml":
        service = "benchmarks.serving.peers.bentoml_server:Classifier"
        return [str(program(peer, "bentoml")), "serve", service, "--host", "127.0.0.1", "--port", str(port)]
    return [str(program(peer, "python")), "-m", f"benchmarks.serving.peers.{peer}_server"]


def _wait(server: subprocess.Popen[str], request: Request) -> str:
    """Wait until it answers well; what is wrong where it does not."""
    end, said = time.monotonic() + READY_S, "no answer"
    while time.monotonic() < end and server.poll() is None:
        try:
            if not put_load(Load(requests=[request], clients=1, count=1), limit_s=ANSWER_S).failed:
                return ""
            said = "no good answer"
        except RuntimeError as error:
            said = str(error)
        time.sleep(0.2)
    ended = "" if server.poll() is None else f"; it ended with status {server.returncode}"
    return f"does not start here: {said}{ended}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
