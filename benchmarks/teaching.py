"""How long a teacher waits for a new version in the page.

    python -m benchmarks.teaching PHOTOS

Uploads 200 photos of PHOTOS, a subfolder a model, to `kuzov serve --teach`; prints the seconds from "Train"
to the judgement: pressed as soon as the last photo is there, and once more, when every photo has been looked
at. The training process starts when a teacher gives the token, and is given time to.
"""

from __future__ import annotations

import http.client
import itertools
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.serving.process import process
from kuzov.bundle.ready import ready_model

PHOTOS = 200
LOOK_EVERY_S = 0.1
CHOOSING_S = 10.0

_TOKEN = re.compile(r"with this token: (\S+)")
_PORT = re.compile(r"Exporting HTTP/REST API at:\S+:(\d+) \.\.\.")


class Teacher:
    """Asks a server's /teach calls."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token

    def ask(self, method: str, call: str, body: bytes = b"", **query: str) -> Any:
        """The JSON of an answer.

        Raises:
            RuntimeError: The server refuses; holds its answer.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        headers = {"authorization": f"Bearer {self._token}"}
        connection.request(method, f"/teach/{call}?{urlencode(query)}", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status >= 400:
            raise RuntimeError(content.decode())
        return json.loads(content)

    def train(self) -> float:
        """Seconds from the click to the judgement."""
        began = time.monotonic()
        self.ask("POST", "train")
        while (training := self.ask("GET", "state")["training"])["running"]:
            time.sleep(LOOK_EVERY_S)
        if training["failure"]:
            raise RuntimeError(training["failure"])
        return time.monotonic() - began


@contextmanager
def serve_and_teach(folder: Path) -> Iterator[Teacher]:
    """A teacher of a server that serves the ready model, with no photos and an empty cache."""
    base = folder / "model"
    base.mkdir()
    shutil.copytree(ready_model() / "1", base / "1")
    command = [sys.executable, "-m", "kuzov", "serve", "--host", "127.0.0.1", "--port", "auto"]
    command += ["--rest-api-port", "auto", "--model-base-path", str(base), "--teach"]
    environment = {"KUZOV_CACHE": str(folder / "cache")}
    with process(command, environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        assert server.stdout is not None
        token, port = "", 0
        for line in server.stdout:
            token = found[1] if (found := _TOKEN.search(line)) else token
            port = int(found[1]) if (found := _PORT.search(line)) else port
            if token and port:
                break
        yield Teacher(port, token)


def main() -> None:
    """Teach, and print the times."""
    files = sorted(each for each in Path(sys.argv[1]).rglob("*.jp*g") if each.is_file())[:PHOTOS]
    with tempfile.TemporaryDirectory() as folder, serve_and_teach(Path(folder)) as teacher:
        teacher.ask("POST", "begin")
        time.sleep(CHOOSING_S)
        began = time.monotonic()
        for file in files:
            teacher.ask("POST", "photos", file.read_bytes(), **{"class": file.parent.name})
        uploaded = time.monotonic() - began
        at_once, again = teacher.train(), teacher.train()
    models = len(list(itertools.groupby(files, lambda file: file.parent.name)))
    print(f"{len(files)} photos of {models} models, uploaded in {uploaded:.1f} s")
    print(f"Train to the judgement: {at_once:.1f} s at once, {again:.1f} s with every photo known")


if __name__ == "__main__":
    main()
