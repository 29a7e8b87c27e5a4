"""What Docker would do with a rendered folder, as far as a machine without Docker can."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

BIN = Path(sys.executable).parent


def hadolint(dockerfile: Path) -> str:
    """What hadolint finds in a Dockerfile; nothing where all is well."""
    done = subprocess.run([BIN / "hadolint", dockerfile], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def console(text: str) -> list[str]:
    """Every command of a document's console blocks."""
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


def instruction(dockerfile: Path, word: str) -> list[str]:
    """What follows a word of the last stage, once for each time that it stands there."""
    stage = re.split(r"^FROM ", dockerfile.read_text(encoding="utf-8"), flags=re.MULTILINE)[-1]
    joined = stage.replace("\\\n", " ")
    return [
        line.removeprefix(f"{word} ").strip() for line in joined.splitlines() if line.startswith(f"{word} ")
    ]


def variables(dockerfile: Path) -> dict[str, str]:
    """The variables that the image sets."""
    pairs = " ".join(instruction(dockerfile, "ENV")).split()
    return dict(pair.split("=", 1) for pair in pairs)


def flags(dockerfile: Path) -> list[str]:
    """The image's CMD."""
    (command,) = instruction(dockerfile, "CMD")
    return list(json.loads(command))


def start(
    script: Path, *words: str, path: Path = BIN, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Run an entrypoint with the given variables only, and those programs before the system's."""
    return subprocess.Popen(
        ["sh", script, *words],
        env={"PATH": f"{path}{os.pathsep}/usr/bin{os.pathsep}/bin", **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def stand_in(folder: Path, name: str) -> Path:
    """A program that prints its arguments, one a line, in a folder of its own."""
    folder.mkdir()
    (folder / name).write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n", encoding="utf-8")
    (folder / name).chmod(0o755)
    return folder


def healthy(script: Path, port: int, *words: str) -> bool:
    """Whether the image's health check passes."""
    done = subprocess.run(
        ["bash", script, *words], env={"PORT": str(port)}, check=False, capture_output=True, timeout=30
    )
    return done.returncode == 0


@contextmanager
def listener(answer: bytes) -> Iterator[int]:
    """A port whose every connection gets this answer, in a process of its own."""
    code = (
        "import socket, sys\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "print(server.getsockname()[1], flush=True)\n"
        "while True:\n"
        "    connection, _ = server.accept()\n"
        "    request = b''\n"
        "    while b'\\r\\n\\r\\n' not in request:\n"
        "        request += connection.recv(4096)\n"
        f"    connection.sendall({answer!r})\n"
        "    connection.close()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate()


def wait_until_listening(port: int, process: subprocess.Popen[str]) -> None:
    """Return once a server answers on the port; fail if it ends before."""
    for _ in range(600):
        assert process.poll() is None, "the server ended before it answered"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on {port}")
