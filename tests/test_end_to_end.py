"""The main job as users do it: train, serve, ask, stop. Each step is a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kuzov.client.client import Client
from kuzov.engine.recogniser import Recogniser
from kuzov.records import Prediction

EXAMPLE = Path(__file__).parents[1] / "examples" / "predict.py"
READY = "Exporting HTTP/REST API at:"

Run = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Server:
    """A running `kuzov serve`."""

    url: str
    process: subprocess.Popen[str]

    def get(self, path: str = "") -> Any:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as response:
            return json.load(response)


@contextmanager
def serving(*options: str) -> Iterator[Server]:
    ports = ("--host=127.0.0.1", "--port=auto", "--rest_api_port=auto")
    command = [sys.executable, "-m", "kuzov", "serve", "--model_name=cars", *ports, *options]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stderr is not None
            said = []
            for line in process.stderr:
                said.append(line)
                if READY in line:
                    address = line.split(READY)[1].split()[0]
                    yield Server(f"http://{address}/v1/models/cars", process)
                    return
            raise AssertionError("".join(said))
        finally:
            process.kill()


def ask_by_the_example(url: str, photos: list[Path]) -> list[str]:
    """The labels that examples/predict.py prints."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), *map(str, photos), "--url", url],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.rsplit(": ", 1) for line in done.stdout.splitlines()]
    assert [photo for photo, _ in lines] == [str(photo) for photo in photos]
    return [answer.split()[0] for _, answer in lines]


def answers(client: Client | Recogniser, photos: list[Path]) -> list[Prediction]:
    found = list(client.predict_many(photos))
    assert all(isinstance(each, Prediction) for each in found), found
    return [each for each in found if isinstance(each, Prediction)]


def test_a_fresh_install_serves(
    synthetic_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with serving() as server:
        assert server.get()["model_version_status"][0]["version"] == "1"
        (answer,) = answers(Client(server.url), [synthetic_photos / "test" / "suv.jpg"])
        assert answer.names["vaz_2110"].ru == "ВАЗ-2110"
        maps = Path(f"/proc/{server.process.pid}/maps")
        assert not maps.exists() or "/site-packages/tensorflow/" not in maps.read_text()


def test_train_serve_ask_stop(run_kuzov: Run, synthetic_photos: Path, tmp_path: Path) -> None:
    done = run_kuzov("train", synthetic_photos, "--out", "models/cars", "--json")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["validation"]["total"] == 9
    assert printed["validation"]["right"] >= 8

    photos = sorted((synthetic_photos / "test").iterdir())
    with serving(f"--model_base_path={tmp_path / 'models' / 'cars'}") as server:
        version = Path(printed["bundle"]).name
        assert server.get() == {
            "model_version_status": [
                {
                    "version": version,
                    "state": "AVAILABLE",
                    "status": {"error_code": "OK", "error_message": ""},
                }
            ]
        }
        assert server.get("/metadata")["model_spec"]["version"] == version
        asked = answers(Client(server.url), photos)
        assert [each.label for each in asked] == ["hatchback", "sedan", "suv"]
        here = answers(Recogniser.load(tmp_path / "models" / "cars"), photos)
        for there, local in zip(asked, here, strict=True):
            assert there.names == local.names
            # The client sends the photo as another JPEG.
            assert dict(there.probabilities) == pytest.approx(dict(local.probabilities), abs=0.1)
        assert ask_by_the_example(server.url, photos) == ["hatchback", "sedan", "suv"]
        by_command = run_kuzov("predict", *photos, "--url", server.url, "--json")
        assert [each["label"] for each in json.loads(by_command.stdout)] == ["hatchback", "sedan", "suv"]
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=30) == 0


def test_the_real_photos(run_kuzov: Run, real_photos: Path, tmp_path: Path) -> None:
    done = run_kuzov("train", real_photos, "--out", "models/cars", "--json")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["validation"]["total"] == 45
    assert printed["validation"]["right"] >= 44

    photos = sorted(
        file for file in (real_photos / "validation").rglob("*.*") if not file.name.startswith(".")
    )
    truth = [photo.parent.name for photo in photos]
    with serving(f"--model_base_path={tmp_path / 'models' / 'cars'}") as server:
        asked = answers(Client(server.url), photos)
        assert len(asked) == 45
        assert sum(each.label == label for each, label in zip(asked, truth, strict=True)) >= 44
        assert asked[0].names["bmw_x5"].ru == "БМВ X5 (E70)"
        some = photos[::9]
        by_example = ask_by_the_example(server.url, some)
        assert by_example == [each.label for each in asked[::9]]
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=30) == 0
